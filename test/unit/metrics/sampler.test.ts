import { describe, expect, test } from '@jest/globals';
import { createSampler } from '../../../worker/metrics/sampler.js';

const DEADLINE_MS = 20;

/** A look that ends when the test says so. */
function heldLook({ freshForMs } = { freshForMs: 0 }) {
  const ends: (() => void)[] = [];
  let late = 0;
  const sample = createSampler({
    look: () => new Promise<void>((resolve) => ends.push(resolve)),
    onLate: () => {
      late += 1;
    },
    deadlineMs: DEADLINE_MS,
    freshForMs,
  });
  return { sample, ends, late: () => late };
}

describe('sampler', () => {
  test('lets scrapes at the same time share one look', async () => {
    const { sample, ends, late } = heldLook();
    const scrapes = [sample(), sample(), sample()];
    expect(ends).toHaveLength(1);
    ends[0]?.();
    await Promise.all(scrapes);
    expect(late()).toBe(0);
  });

  test('looks again for the next scrape', async () => {
    const { sample, ends } = heldLook();
    const first = sample();
    ends[0]?.();
    await first;
    void sample();
    expect(ends).toHaveLength(2);
  });

  test('does not look again at once for somebody who asks all the time', async () => {
    const { sample, ends } = heldLook({ freshForMs: 60_000 });
    const first = sample();
    ends[0]?.();
    await first;
    await sample();
    expect(ends).toHaveLength(1);
  });

  test('keeps no scrape waiting for a Redis that does not answer, and never asks it twice at once', async () => {
    const { sample, ends, late } = heldLook();
    await sample();
    await sample();
    expect(late()).toBe(2);
    expect(ends).toHaveLength(1);
    const third = sample();
    ends[0]?.();
    await third;
    expect(late()).toBe(2);
  });

  test('does not fail a scrape when the look fails, and looks again', async () => {
    let looks = 0;
    const look = async () => {
      looks += 1;
      throw new Error('Redis is away');
    };
    const sample = createSampler({ look, onLate: () => undefined, freshForMs: 0 });
    await sample();
    await sample();
    expect(looks).toBe(2);
  });
});
