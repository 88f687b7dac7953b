import { describe, expect, test } from '@jest/globals';
import { forecast, monthOf, plannedTransactions, stretchFactor } from '../../../worker/core/budget.js';

const DAY_MS = 86_400_000;
const november = monthOf(Date.UTC(2026, 10, 22, 13));

describe('month', () => {
  test('is that of UTC, wherever the worker runs', () => {
    expect(november).toEqual({ name: '2026-11', startMs: Date.UTC(2026, 10, 1), endMs: Date.UTC(2026, 11, 1) });
  });

  test('ends with its last millisecond, also at the end of a year', () => {
    expect(monthOf(Date.UTC(2027, 0, 1) - 1).name).toBe('2026-12');
    expect(monthOf(Date.UTC(2027, 0, 1)).name).toBe('2027-01');
    expect(monthOf(Date.UTC(2026, 11, 5)).endMs).toBe(Date.UTC(2027, 0, 1));
  });
});

describe('planned transactions', () => {
  test('one object every five minutes is 8,640 a month', () => {
    expect(plannedTransactions([300_000])).toBe(8_640);
  });

  test('add up over streams', () => {
    expect(plannedTransactions(Array.from({ length: 120 }, () => 300_000))).toBe(1_036_800);
    expect(plannedTransactions([])).toBe(0);
  });
});

describe('forecast', () => {
  test('is the plan when the month is young', () => {
    expect(at(0, 0)).toBe(30_000);
  });

  test('does not take a catch-up on the first day for the whole month', () => {
    expect(at(1, 20_000)).toBeLessThan(70_000);
  });

  test('goes on at the rate of the month when more is used than planned', () => {
    expect(at(15, 45_000)).toBe(75_000);
    expect(at(27, 81_000)).toBeGreaterThan(89_000 - 3_000);
  });

  test('is not lulled by a worker that was started in the middle of the month', () => {
    expect(at(15, 0)).toBe(15_000);
  });

  test('is what was used when the month is over, and never less', () => {
    expect(at(30, 12_345)).toBe(12_345);
    expect(at(31, 12_345)).toBe(12_345);
  });

  test('bears a clock that is before the month', () => {
    expect(at(-3, 10)).toBe(30_010 + 10);
  });

  function at(day: number, usedSoFar: number): number {
    const { startMs, endMs } = november;
    const nowMs = startMs + day * DAY_MS;
    return forecast({ usedSoFar, nowMs, monthStartMs: startMs, monthEndMs: endMs, plannedPerMonth: 30_000 });
  }
});

describe('past the budget', () => {
  test.each([
    [0, 1],
    [100_000, 1],
    [100_001, 4],
    [110_000, 4],
    [110_001, 12],
    [900_000, 12],
  ])('%i of 100,000 used: intervals × %i', (used, factor) => {
    expect(stretchFactor({ used, budget: 100_000 })).toBe(factor);
  });

  test('does not exist without a budget', () => {
    expect(stretchFactor({ used: 10_000_000, budget: null })).toBe(1);
  });
});
