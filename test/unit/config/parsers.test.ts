import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatDuration, formatOffset, parseDuration, parseOffset } from '../../../worker/config/parsers.js';

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['5m', 300_000],
  ['1h', 3_600_000],
  ['2d', 172_800_000],
  ['1.5h', 5_400_000],
  ['0s', 0],
])('%s is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test('what the log shows of a duration or an offset reads back as the same', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 366 * 86_400_000 }), fc.integer({ min: -840, max: 840 }), (ms, minutes) => {
      expect(parseDuration(formatDuration(ms))).toBe(ms);
      expect(parseOffset(formatOffset(minutes))).toBe(minutes);
    }),
  );
});

test.each(['+15:00', '08:00', '+8:00', '+00:60', 'UTC', 'Z'])('%s is no offset', (text) => {
  expect(() => parseOffset(text)).toThrow('expects an offset from UTC');
});
