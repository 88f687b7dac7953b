import { expect, test } from '@jest/globals';
import { Keys } from '../../worker/state/keys.js';
import { onStage } from '../support/books.js';
import { until } from '../support/until.js';

const COMPANY = 'simulated-company';

test(
  'SIGTERM within a page: it ends in good order, gives its lease back, and the next worker reads the page',
  () =>
    onStage(async ({ stage, books }) => {
      const { faults, stats } = stage.simulator;
      books.create(3);
      const slow = faults.always({ kind: 'delay', ms: 60_000 }, { functionName: 'query' });
      const worker = await stage.spawnWorker();
      await until('a page on its way', () => slow.hits > 0);
      const exit = await worker.stop();
      const held = await stage.redis.exists(stage.leaseKey(), new Keys(stage.prefix).gate(COMPANY, 'slots'));
      const before = await books.arrived();
      faults.clear();
      await stage.startApp();
      await books.untilArrived();

      expect([exit, held, before]).toEqual([{ code: 0, signal: null }, 0, []]);
      expect(worker.log('worker.failed')).toEqual([]);
      expect(stats.counters.failedLogins).toBe(0);
      expect(await books.twice()).toEqual([]);
    }),
  60_000,
);
