import { describe, expect, test } from '@jest/globals';

import { ServerClock } from '../../../worker/intacct/server-clock.js';

const HOUR = 3_600_000;
const START = Date.parse('2026-07-24T14:00:00Z');

/** A world with a server clock and a local monotonic one that began at some other number. */
function world() {
  const clocks = { serverMs: START, localMs: 5_000 };
  const clock = new ServerClock(() => clocks.localMs);
  const pass = (ms: number) => {
    clocks.serverMs += ms;
    clocks.localMs += ms;
  };
  const answer = (
    options: {
      toMs?: number;
      fromMs?: number;
      session?: number;
      stampMs?: number | undefined;
      httpDateMs?: number;
    } = {},
  ) => {
    const sentAtMs = clocks.localMs;
    pass(options.toMs ?? 100);
    const stampMs = 'stampMs' in options ? options.stampMs : Math.floor(clocks.serverMs / 1_000) * 1_000;
    pass(options.fromMs ?? 100);
    clock.observe({
      sentAtMs,
      receivedAtMs: clocks.localMs,
      session: options.session ?? 1,
      stampMs,
      httpDateMs: options.httpDateMs,
    });
  };
  return { clocks, clock, pass, answer };
}

describe('the clock of the server', () => {
  test('is not known before an answer told it', () => {
    expect(world().clock.nowMs()).toBeUndefined();
  });

  test('is never ahead, and little behind, whatever the way there and back took', () => {
    const { clocks, clock, pass, answer } = world();
    for (const [toMs, fromMs] of [
      [0, 0],
      [900, 50],
      [50, 900],
      [2_000, 2_000],
      [60_000, 10],
      [10, 60_000],
      [123, 456],
    ] as const) {
      answer({ toMs, fromMs });
      const behindMs = clocks.serverMs - (clock.nowMs() ?? Number.NaN);
      expect(behindMs).toBeGreaterThanOrEqual(0);
      expect(behindMs).toBeLessThanOrEqual(1_000 + 5_000);
      pass(7_777);
      expect(clock.nowMs()).toBeLessThanOrEqual(clocks.serverMs);
    }
  });

  test('learns nothing from a stamp that stays the same while time passes', () => {
    const { clocks, clock, pass, answer } = world();
    answer();
    const began = START;
    for (let minutes = 0; minutes < 120; minutes += 5) {
      pass(300_000);
      answer({ stampMs: began });
      expect(clocks.serverMs - (clock.nowMs() ?? Number.NaN)).toBeLessThan(2_000);
    }
  });

  test.each([-HOUR, -2_500, 2_500, HOUR])('follows a jump of %i ms with the next answer', (jumpMs) => {
    const { clocks, clock, pass, answer } = world();
    answer();
    pass(10_000);
    clocks.serverMs += jumpMs;
    answer();
    const behindMs = clocks.serverMs - (clock.nowMs() ?? Number.NaN);
    expect(behindMs).toBeGreaterThanOrEqual(0);
    expect(behindMs).toBeLessThan(2_000);
  });

  test('follows a jump back even in an answer that took long', () => {
    const { clocks, clock, pass, answer } = world();
    answer();
    clocks.serverMs -= HOUR;
    answer({ toMs: 100, fromMs: 60_000 });
    expect(clock.nowMs()).toBeLessThanOrEqual(clocks.serverMs);
    pass(1_000);
  });

  test('is not set back by an answer that took minutes', () => {
    const { clocks, clock, answer } = world();
    answer();
    answer({ toMs: 10, fromMs: 600_000 });
    expect(clocks.serverMs - (clock.nowMs() ?? Number.NaN)).toBeLessThan(2_000);
  });

  test('comes from the Date header as long as no answer carries a stamp', () => {
    const { clocks, clock, pass, answer } = world();
    answer({ stampMs: undefined, httpDateMs: START });
    expect(clock.nowMs()).toBe(START);
    pass(1_000);
    answer();
    const learnt = clock.nowMs();
    answer({ stampMs: undefined, httpDateMs: START - HOUR });
    expect(clock.nowMs()).toBe((learnt ?? 0) + 200);
    expect(clock.nowMs()).toBeLessThanOrEqual(clocks.serverMs);
  });
});
