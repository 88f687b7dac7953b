import { expect, test } from '@jest/globals';
import { Keys } from '../../worker/state/keys.js';
import { onStage } from '../support/books.js';
import type { Stage } from '../support/stage.js';
import { until } from '../support/until.js';
import type { WorkerProcess } from '../support/worker-process.js';

const LOCATIONS = Array.from({ length: 16 }, (_, index) => `E${index}`);
const RECORDS = 3_000;
const MB = 2 ** 20;
/** A worker that collects its garbage when it gets SIGUSR2. */
const COLLECTS_GARBAGE = {
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(`
    import { setFlagsFromString } from 'node:v8';
    import { runInNewContext } from 'node:vm';
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc');
    process.on('SIGUSR2', () => collect());`)}`,
};

test(
  'hundreds of idle polls over a large ledger leave no handle, no key and no memory behind',
  () =>
    onStage(
      async ({ stage }) => {
        const stampedAtMs = Date.now() - 60_000;
        stage.simulator.company.bulk('CUSTOMER', RECORDS, (index) => ({ NAME: `Customer ${index}` }), {
          stampedAtMs,
          entity: 'E0',
        });
        const worker = await stage.startWorker({
          INTACCT_LOCATION_IDS: LOCATIONS.join(','),
          OVERLAP: '2m',
          ...COLLECTS_GARBAGE,
        });
        await until('the ledger', async () => {
          return (await stage.redis.hlen(new Keys(stage.prefix).ledger('simulated-company', 'CUSTOMER'))) >= RECORDS;
        });
        // Until BullMQ keeps as many ended polls as it ever will.
        const before = await vitalsDuring(worker, 110, stage);
        const after = await vitalsDuring(worker, 80, stage);

        expect(after.handles - before.handles).toBeLessThanOrEqual(4);
        expect(after.descriptors - before.descriptors).toBeLessThanOrEqual(4);
        // Those of a poll that is under way come and go.
        expect(after.keys - before.keys).toBeLessThanOrEqual(5 * LOCATIONS.length);
        expect(after.heapBytes - before.heapBytes).toBeLessThan(25 * MB);
      },
      { entities: Object.fromEntries(LOCATIONS.map((id) => [id, id])) },
    ),
  90_000,
);

/** What it holds at the end of so many polls; of its memory the least that was seen, since pages come and go. */
async function vitalsDuring(worker: WorkerProcess, polls: number, stage: Stage) {
  const start = worker.log('poll.finished').length;
  let heapBytes = Number.POSITIVE_INFINITY;
  let vitals = await vitalsOf(worker);
  for (let seen = 5; seen <= polls; seen += 5) {
    await until(`${polls} polls`, () => worker.log('poll.finished').length >= start + seen);
    vitals = await vitalsOf(worker);
    heapBytes = Math.min(heapBytes, vitals.heapBytes);
  }
  return { ...vitals, heapBytes, keys: (await stage.redis.keys(`${stage.prefix}:*`)).length };
}

async function vitalsOf(worker: WorkerProcess) {
  process.kill(worker.pid, 'SIGUSR2');
  const { text } = await worker.get('/metrics');
  const value = (name: string) => Number(new RegExp(`^${name} (.+)$`, 'm').exec(text)?.[1]);
  return {
    handles: value('nodejs_active_handles_total'),
    // Not told where there is no /proc.
    descriptors: value('process_open_fds') || 0,
    heapBytes: value('nodejs_heap_size_used_bytes'),
  };
}
