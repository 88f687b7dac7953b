import { describe, expect, test } from '@jest/globals';
import { firstMarks } from '../../../worker/core/marks.js';
import {
  acceptsOlderStamps,
  closeWindow,
  ledgerFloor,
  noticeSetBack,
  openWindow,
  originOf,
} from '../../../worker/core/window.js';
import { MARGINS, MIDNIGHT_MS, marksAt } from '../../support/streams.js';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const SECOND_MS = 1_000;

describe('window', () => {
  test('ends a settle time before the clock of Intacct, at a whole second', () => {
    const window = openWindow([marksAt(MIDNIGHT_MS)], MIDNIGHT_MS + 90_400, MARGINS);
    expect(window.hiMs).toBe(MIDNIGHT_MS + 60_000);
  });

  test('reaches back from where the last window ended, however long the worker was away', () => {
    const marks = marksAt(MIDNIGHT_MS, { sweptMs: MIDNIGHT_MS - 10 * MINUTE_MS });
    const daysLaterMs = MIDNIGHT_MS + 72 * HOUR_MS;
    expect(openWindow([marks], MIDNIGHT_MS + MINUTE_MS, MARGINS).loMs).toBe(MIDNIGHT_MS - 5 * MINUTE_MS);
    const late = openWindow([marks], daysLaterMs, MARGINS);
    expect(late).toEqual({ loMs: marks.sweptMs - 3 * HOUR_MS, hiMs: daysLaterMs - 30 * SECOND_MS, sweep: true });
  });

  test('never reaches before the start of the stream, whatever the margins say', () => {
    const marks = firstMarks(MIDNIGHT_MS);
    expect(openWindow([marks], MIDNIGHT_MS + 2 * HOUR_MS, MARGINS).loMs).toBe(MIDNIGHT_MS);
  });

  test('never reaches to the floor of the ledger, where emitted and missed rows look the same', () => {
    const marks = marksAt(MIDNIGHT_MS, { sweptMs: MIDNIGHT_MS - HOUR_MS, floorMs: MIDNIGHT_MS - 2 * HOUR_MS });
    expect(openWindow([marks], MIDNIGHT_MS + MINUTE_MS, MARGINS).loMs).toBe(marks.floorMs + SECOND_MS);
  });

  test('sees edits stamped behind the watermark after the clock of Intacct was set back by an hour', () => {
    const marks = marksAt(MIDNIGHT_MS);
    const nowMs = MIDNIGHT_MS - HOUR_MS;
    const noticed = noticeSetBack(marks, nowMs, MARGINS);
    const window = openWindow([noticed], nowMs, MARGINS);
    expect(window.loMs).toBeLessThanOrEqual(nowMs - MARGINS.settleMs - MARGINS.overlapMs);
    expect(window.hiMs).toBe(MIDNIGHT_MS);
    expect(acceptsOlderStamps(noticed, window, MARGINS)).toBe(true);
    expect(acceptsOlderStamps(marks, window, MARGINS)).toBe(false);
  });

  test('does not take the wobble of an estimated clock for a clock set back', () => {
    const marks = marksAt(MIDNIGHT_MS);
    expect(noticeSetBack(marks, MIDNIGHT_MS + MARGINS.settleMs - 1_500, MARGINS).setBackMs).toBeNull();
  });

  test('leaves the watermark where it was settled when the answers prove the clock was ahead', () => {
    const marks = marksAt(MIDNIGHT_MS);
    const window = openWindow([marks], MIDNIGHT_MS + HOUR_MS, MARGINS);
    const closed = closeWindow(marks, window, MIDNIGHT_MS + 10 * MINUTE_MS, MARGINS);
    expect(closed.watermarkMs).toBe(MIDNIGHT_MS + 10 * MINUTE_MS - MARGINS.settleMs);
  });

  test('never moves the watermark back', () => {
    const marks = marksAt(MIDNIGHT_MS);
    const window = openWindow([marks], MIDNIGHT_MS + MINUTE_MS, MARGINS);
    expect(closeWindow(marks, window, MIDNIGHT_MS - HOUR_MS, MARGINS).watermarkMs).toBe(MIDNIGHT_MS);
  });

  test('forgets only what no later window can reach', () => {
    const marks = marksAt(MIDNIGHT_MS, { sweptMs: MIDNIGHT_MS - HOUR_MS });
    const nowMs = MIDNIGHT_MS + MINUTE_MS;
    const sweep = openWindow([marks], nowMs, MARGINS);
    expect(sweep.sweep).toBe(true);
    const closed = closeWindow(marks, sweep, nowMs, MARGINS);
    expect(closed.floorMs).toBe(ledgerFloor(marks, sweep, MARGINS));
    const next = openWindow([closed], nowMs + 2 * HOUR_MS, MARGINS);
    expect(next.sweep).toBe(true);
    expect(next.loMs).toBeGreaterThan(closed.floorMs);
  });

  test('starts a stream that has never run at its start rule', () => {
    expect(originOf({ agoMs: HOUR_MS }, MIDNIGHT_MS + 300)).toBe(MIDNIGHT_MS - HOUR_MS);
    expect(originOf({ atMs: MIDNIGHT_MS }, 0)).toBe(MIDNIGHT_MS);
  });
});
