import { expect, test } from '@jest/globals';
import { onStage } from '../support/books.js';
import { until } from '../support/until.js';
import type { WorkerApp } from '../support/worker-app.js';

test.concurrent(
  'three of ten requests answered with 500, 502 or 503: nothing is missing, nothing comes twice',
  () =>
    onStage(async ({ stage, books }) => {
      const { faults } = stage.simulator;
      const broken = [500, 502, 503].map((status) =>
        faults.add({ kind: 'http-status', status }, { probability: 0.12 }),
      );
      const worker = await stage.startApp();
      for (let round = 0; round < 4; round += 1) {
        books.create(3);
        await books.untilArrived();
      }
      await worker.until('some of each fault', () => broken.every(({ hits }) => hits > 0));
      faults.clear();
      await worker.polledAgain(2, 'done');

      expect((await books.arrived()).sort()).toEqual(books.lines().sort());
    }),
  90_000,
);

test.concurrent.each([
  ['reset before the answer', { kind: 'reset' }],
  ['reset within the body', { kind: 'reset-in-body', afterBytes: 400 }],
  ['a Content-Length that promises more than comes', { kind: 'wrong-content-length', by: 50 }],
  ['a Content-Length that is too short', { kind: 'wrong-content-length', by: -50 }],
  ['a second root', { kind: 'trailing' }],
  ['answers to another request', { kind: 'wrong-controlid' }],
] as const)(
  '%s: the page is refused as a whole, and read in full once that is over',
  (_what, fault) =>
    onStage(async ({ stage, books }) => {
      const worker = await stage.startApp();
      await worker.polledAgain(1, 'done');
      const broken = stage.simulator.faults.always(fault, { functionName: 'query' });
      books.create(3);
      // The poll that was under way may still have been whole.
      await worker.until('a refused answer', () => broken.hits > 0);
      const before = [(await worker.stream('CUSTOMER')).watermark, await books.arrived()];
      await worker.polledAgain(1);
      const during = [(await worker.stream('CUSTOMER')).watermark, await books.arrived()];
      broken.remove();
      await books.untilArrived();

      expect(during).toEqual(before);
      expect(await books.twice()).toEqual([]);
    }),
  60_000,
);

test.concurrent(
  'an answer that is too slow or too large for the gateway is asked for in smaller pages, which grow back',
  () =>
    onStage(async ({ stage, books }) => {
      const sizes = () => stage.simulator.stats.queries('CUSTOMER').map(({ pageSize }) => pageSize);
      stage.simulator.faults.add({ kind: 'http-status', status: 524 }, { functionName: 'query' });
      stage.simulator.faults.add({ kind: 'cut-body', atByte: 500 }, { functionName: 'query', after: 1 });
      books.create(3);
      const worker = await stage.startApp();
      await books.untilArrived();
      await worker.until('the largest page again', () => sizes().at(-1) === 2_000);

      expect(Math.min(...sizes())).toBeLessThan(1_000);
      expect(await books.twice()).toEqual([]);
    }),
  60_000,
);

test.concurrent(
  '429 with Retry-After: no poller of the company sends anything before, and nothing is missing afterwards',
  () =>
    onStage(
      async ({ stage, books }) => {
        const RETRY_AFTER_S = 4;
        const { faults, stats } = stage.simulator;
        const worker = await stage.startApp({ INTACCT_LOCATION_IDS: '100-US,200-UK' });
        await locationsPolled(worker);
        const refused = faults.add({ kind: 'http-status', status: 429, retryAfterSeconds: RETRY_AFTER_S });
        books.create(3);
        await worker.until('a request that is turned away', () => refused.hits > 0);
        await worker.polledAgain(1, 'paused');
        const { connections } = await worker.status();
        await books.untilArrived();
        await locationsPolled(worker);

        const turnedAway = stats.log.find(({ status }) => status === 429);
        const next = stats.log.find(({ atMs }) => atMs > (turnedAway?.atMs ?? 0));
        expect(connections.map(({ state }) => state)).toEqual(['paused']);
        expect((next?.atMs ?? 0) - (turnedAway?.atMs ?? 0)).toBeGreaterThanOrEqual(RETRY_AFTER_S * 1_000);
        expect(await books.twice()).toEqual([]);
      },
      { entities: { '100-US': 'US', '200-UK': 'UK' } },
    ),
  60_000,
);

test.concurrent(
  'a session that ends within a scan is replaced by one sign-in, and the page is asked for again',
  () =>
    onStage(async ({ stage, books }) => {
      const { faults, company, stats } = stage.simulator;
      const stampedAtMs = Date.now() - 600_000;
      company.bulk(
        'CUSTOMER',
        5_000,
        (index) => ({ NAME: `Customer ${index}` }),
        (index) => ({ stampedAtMs: stampedAtMs + Math.floor(index / 50) * 1_000 }),
      );
      faults.add({ kind: 'expire-session' }, { functionName: 'query', after: 2 });
      await stage.startApp();
      await until('the last page', async () => (await stage.queue().getWaitingCount()) >= 5_000);

      expect(stats.counters.logins).toBe(2);
      expect((await books.arrived()).sort()).toEqual(books.lines().sort());
    }),
  60_000,
);

/** Waits until each location was read to the end once more. */
async function locationsPolled(worker: WorkerApp): Promise<void> {
  const counts = () => {
    const done = worker.log('poll.finished').filter(({ outcome }) => outcome === 'done');
    return ['100-US', '200-UK'].map((name) => done.filter(({ location }) => location === name).length);
  };
  const before = counts();
  await worker.until('a poll of each location', () => counts().every((count, index) => count > (before[index] ?? 0)));
}
