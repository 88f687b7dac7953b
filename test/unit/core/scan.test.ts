import { describe, expect, test } from '@jest/globals';
import type { Scan } from '../../../worker/core/marks.js';
import type { IntacctRecord } from '../../../worker/core/record.js';
import { compareKeys, PageOrderError, stepScan } from '../../../worker/core/scan.js';
import { aStream, MIDNIGHT_MS } from '../../support/streams.js';

const stream = aStream();
const SCAN: Scan = {
  loMs: MIDNIGHT_MS,
  hiMs: MIDNIGHT_MS + 100_000,
  sweep: false,
  withShared: false,
  lane: 'modified',
  fromMs: MIDNIGHT_MS,
  tieAfterKey: null,
};

/** Records of the window, one letter a second: `rows('1a 2a 3b')` are keys 1 and 2 in second a, key 3 in second b. */
function rows(text: string): IntacctRecord[] {
  return text.split(' ').map((word) => {
    const second = word.charCodeAt(word.length - 1) - 'a'.charCodeAt(0);
    return record(word.slice(0, -1), MIDNIGHT_MS + second * 1_000);
  });
}

function record(key: string, modifiedAtMs: number): IntacctRecord {
  return { key, modifiedAtMs, createdAtMs: null, owner: null, row: {} };
}

const keysOf = (records: readonly IntacctRecord[]) => records.map(({ key }) => key).join(' ');

describe('scan', () => {
  test('holds back the last second of a full page, since more of it may follow in any order', () => {
    const { take, next } = stepScan(stream, SCAN, { records: rows('9a 7a 5b 6b 3c 8d 1e 2f 4g'), full: true });
    expect(keysOf(take)).toBe('7 9 5 6 3 8 1 2');
    expect(next).toEqual({ ...SCAN, fromMs: MIDNIGHT_MS + 6_000 });
  });

  test('reads a second alone, in key order, when a whole page is stamped with it', () => {
    const { take, next } = stepScan(stream, SCAN, { records: rows('3a 1a 2a'), full: true });
    expect(take).toEqual([]);
    expect(next).toEqual({ ...SCAN, tieAfterKey: '' });
    if (next === null) throw new Error('unreachable');
    const first = stepScan(stream, next, { records: rows('1a 2a 10a'), full: true });
    expect(keysOf(first.take)).toBe('1 2 10');
    expect(first.next).toEqual({ ...SCAN, tieAfterKey: '10' });
    if (first.next === null) throw new Error('unreachable');
    const last = stepScan(stream, first.next, { records: rows('11a'), full: false });
    expect(last.next).toEqual({ ...SCAN, fromMs: MIDNIGHT_MS + 1_000, tieAfterKey: null });
  });

  test('reads the last second alone rather than again when it fills much of the page', () => {
    const { take, next } = stepScan(stream, SCAN, { records: rows('1a 2b 3c 4c 5c'), full: true });
    expect(keysOf(take)).toBe('1 2');
    expect(next).toEqual({ ...SCAN, fromMs: MIDNIGHT_MS + 2_000, tieAfterKey: '' });
  });

  test('goes on to the records never modified when the modified ones are read', () => {
    const { next } = stepScan(stream, SCAN, { records: [], full: false });
    expect(next).toEqual({ ...SCAN, lane: 'unmodified' });
    const tie = { ...SCAN, fromMs: SCAN.hiMs, tieAfterKey: '4' };
    expect(stepScan(stream, tie, { records: [], full: false }).next).toEqual({ ...SCAN, lane: 'unmodified' });
  });

  test('is done after one lane where the object has no created time', () => {
    const withoutCreated = aStream({ createdField: null });
    expect(stepScan(withoutCreated, SCAN, { records: [], full: false }).next).toBeNull();
  });

  test('refuses a full page out of order instead of skipping rows', () => {
    expect(() => stepScan(stream, SCAN, { records: rows('1b 2a 3c'), full: true })).toThrow(PageOrderError);
    const tie = { ...SCAN, tieAfterKey: '5' };
    expect(() => stepScan(stream, tie, { records: rows('7a 6a'), full: true })).toThrow(PageOrderError);
    expect(() => stepScan(stream, tie, { records: rows('4a 6a'), full: true })).toThrow(PageOrderError);
  });

  test('refuses a full page that gets no further instead of reading it for ever', () => {
    expect(() => stepScan(stream, SCAN, { records: [], full: true })).toThrow(PageOrderError);
    expect(() => stepScan(stream, { ...SCAN, tieAfterKey: 'x' }, { records: rows('xa'), full: true })).toThrow(
      PageOrderError,
    );
  });

  test('ignores and counts rows that nobody asked for', () => {
    const records = [record('1', SCAN.loMs - 1), record('2', SCAN.loMs), record('3', SCAN.hiMs + 1)];
    const { take, strays } = stepScan(stream, SCAN, { records, full: false });
    expect(keysOf(take)).toBe('2');
    expect(strays).toBe(2);
  });

  test('orders whole numbers of any length as numbers', () => {
    expect(compareKeys('9', '10')).toBeLessThan(0);
    expect(compareKeys('12345678901234567890', '12345678901234567891')).toBeLessThan(0);
    expect(compareKeys('0010', '9')).toBeGreaterThan(0);
    expect(compareKeys('103:9', '103:10')).toBeGreaterThan(0);
  });
});
