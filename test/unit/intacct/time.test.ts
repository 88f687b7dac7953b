import { describe, expect, test } from '@jest/globals';

import { formatStamp, parseServerStamp, parseStamp } from '../../../worker/intacct/time.js';

const at = (iso: string) => Date.parse(iso);

describe('parseStamp', () => {
  test('reads a timestamp and a date as different things', () => {
    expect(parseStamp('07/24/2026 14:45:12', 0)).toEqual({ kind: 'instant', atMs: at('2026-07-24T14:45:12Z') });
    expect(parseStamp('07/24/2026', 0)).toEqual({ kind: 'date', atMs: at('2026-07-24T00:00:00Z') });
    expect(parseStamp('2026-07-24', 0)).toEqual({ kind: 'date', atMs: at('2026-07-24T00:00:00Z') });
  });

  test('applies the zone of the connection to stamps without one, and only to those', () => {
    expect(parseStamp('07/24/2026 14:45:12', -420)).toEqual({ kind: 'instant', atMs: at('2026-07-24T14:45:12-07:00') });
    expect(parseStamp('07/24/2026', 330)).toEqual({ kind: 'date', atMs: at('2026-07-24T00:00:00+05:30') });
    expect(parseStamp('2026-07-24T14:45:12', 60)).toEqual({ kind: 'instant', atMs: at('2026-07-24T13:45:12Z') });
    expect(parseStamp('2026-07-24T14:45:12Z', 60)).toEqual({ kind: 'instant', atMs: at('2026-07-24T14:45:12Z') });
    expect(parseStamp('2026-07-24T14:45:12-07:00', 60)).toEqual({ kind: 'instant', atMs: at('2026-07-24T21:45:12Z') });
    expect(parseStamp('2026-07-24T14:45:12.250+0000', 60)).toEqual({
      kind: 'instant',
      atMs: at('2026-07-24T14:45:12.250Z'),
    });
  });

  test.each(['01/01/1970', '01/01/1970 00:00:00', '1970-01-01', '1970-01-01T00:00:00Z'])(
    'takes %s for "not known"',
    (text) => {
      expect(parseStamp(text, 0)).toEqual({ kind: 'unknown' });
      expect(parseStamp(text, -480)).toEqual({ kind: 'unknown' });
    },
  );

  test('compares across a year by time, not by text', () => {
    const before = parseStamp('12/31/2025 23:59:59', 0);
    const after = parseStamp('01/01/2026 00:00:00', 0);
    expect(after?.kind === 'instant' && before?.kind === 'instant' && after.atMs - before.atMs).toBe(1_000);
  });

  test('reads the year 2099 and a leap day', () => {
    expect(parseStamp('02/29/2096 00:00:01', 0)).toEqual({ kind: 'instant', atMs: at('2096-02-29T00:00:01Z') });
    expect(parseStamp('12/31/2099 23:59:59', 0)).toEqual({ kind: 'instant', atMs: at('2099-12-31T23:59:59Z') });
  });

  test.each([
    '',
    ' ',
    'yesterday',
    '02/30/2026 00:00:00',
    '02/29/2025',
    '13/01/2026 00:00:00',
    '00/10/2026',
    '07/24/2026 24:00:00',
    '07/24/2026 10:60:00',
    '07/24/2026 10:00:60',
    '07/24/26 10:00:00',
    '07/24/0026 10:00:00',
    '7/4/2026 10:00:00',
    '24/07/2026 10:00:00',
    '07/24/2026 10:00:00 PM',
    '07/24/2026T10:00:00',
    '2026-02-30',
    '2026-W10',
    '2026-123',
    '2026-07-24T24:00:00Z',
    '1784900000',
    '07/24/2026 10:00:00\n',
  ])('refuses %j', (text) => {
    expect(parseStamp(text, 0)).toBeUndefined();
  });
});

describe('formatStamp', () => {
  test('writes the literal that Intacct takes, in the zone of the connection', () => {
    expect(formatStamp(at('2026-07-04T05:06:07Z'), 0)).toBe('07/04/2026 05:06:07');
    expect(formatStamp(at('2026-01-01T00:30:00Z'), -60)).toBe('12/31/2025 23:30:00');
    expect(formatStamp(at('2026-07-24T00:00:00Z'), 0)).toBe('07/24/2026 00:00:00');
  });

  test('cuts a part of a second off, so that a literal is never ahead', () => {
    expect(formatStamp(at('2026-07-24T10:00:00.999Z'), 0)).toBe('07/24/2026 10:00:00');
  });

  test('is read back as the same instant in any zone', () => {
    for (const zone of [-720, -210, 0, 345, 840]) {
      for (const iso of ['2026-03-29T01:30:00Z', '2024-02-29T23:59:59Z', '2099-12-31T12:00:00Z']) {
        expect(parseStamp(formatStamp(at(iso), zone), zone)).toEqual({ kind: 'instant', atMs: at(iso) });
      }
    }
  });

  test('refuses an instant that no literal can name', () => {
    expect(() => formatStamp(Number.NaN, 0)).toThrow(RangeError);
    expect(() => formatStamp(253_402_300_800_000, 0)).toThrow(RangeError);
  });
});

test('takes the clock of the server only from a stamp that names its zone', () => {
  expect(parseServerStamp('2026-07-24T14:45:12-07:00')).toBe(at('2026-07-24T21:45:12Z'));
  expect(parseServerStamp('2026-07-24T14:45:12Z')).toBe(at('2026-07-24T14:45:12Z'));
  expect(parseServerStamp('2026-07-24T14:45:12')).toBeUndefined();
  expect(parseServerStamp('2026-07-24')).toBeUndefined();
  expect(parseServerStamp('07/24/2026 14:45:12')).toBeUndefined();
});
