import { expect, test } from '@jest/globals';
import { soak } from '../soak/soak.js';

/**
 * The short form of `npm run test:soak`, of which it is the same engine: real workers, a Redis that writes everything down at once, a
 * company whose records never stop changing. The long form breaks more things, for longer, and with another seed each time.
 */
test('replicas killed, Redis killed and its scripts flushed while records change: all is delivered, nothing twice', async () => {
  const report = await soak({
    seed: 11,
    forMs: 12_000,
    replicas: 2,
    survivor: false,
    changesPerSecond: 25,
    latestMs: 5_000,
    bulk: { rows: 2_500, everyMs: 10_000 },
    troubles: [
      'kill -9 of a replica',
      'kill -9 of replicas during a poll',
      'kill -9 of Redis',
      'kill -9 of Redis during a poll',
      'SCRIPT FLUSH',
    ],
    longestPauseMs: 1_500,
    patienceMs: 75_000,
  });

  expect(report.problems).toEqual([]);
  for (const count of report.counts) {
    expect(count).toMatchObject({ missing: 0, twice: 0, outOfOrder: 0, wrongOp: 0 });
    // There was something to lose, and most of it had to arrive.
    expect(count.due).toBeGreaterThan(1_500);
  }
  expect([...report.made.keys()]).toContain('kill -9 of Redis during a poll');
}, 120_000);
