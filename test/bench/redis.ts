import { consumeEvents } from '../../shared/index.js';
import { DEFAULT_EVENTS_QUEUE, DEFAULT_QUEUE_PREFIX } from '../../shared/queues.js';
import type { Redis } from '../../shared/redis.js';
import { Keys } from '../../worker/state/keys.js';
import { DEFAULT_CREDENTIALS } from '../simulator/settings.js';
import { cpuSeconds } from './actors.js';
import { type Afterwards, drainByWorker } from './drain.js';
import { table } from './tell.js';

/** What a backlog leaves in Redis, and what Redis has to work for each event, from the worker and to the end of its consumer. */
export async function measureRedis({ rows }: { readonly rows: number }, say: (line: string) => void): Promise<void> {
  let lines: string[][] = [];
  const run = await drainByWorker({ rows, perSecond: 20, latencyMs: 0 }, async (after) => {
    lines = [...(await sizes(after.redis, rows)), ...(await consumption(after, rows))];
  });
  const perEvent = run.redisCpuSeconds / rows;
  say(`\nWhat Redis holds and does for ${rows} events of 44 fields each`);
  say(
    table([
      ...lines,
      ['Redis CPU to enqueue one', `${(perEvent * 1e6).toFixed(0)} µs`],
      ['one Redis enqueues at most', `${(1 / perEvent).toFixed(0)} events/s`],
    ]),
  );
}

async function sizes(redis: Redis, rows: number): Promise<string[][]> {
  const ledger = new Keys(DEFAULT_QUEUE_PREFIX).ledger(DEFAULT_CREDENTIALS.companyId, 'CUSTOMER');
  const [entries, ledgerBytes, jobs, listBytes, used] = await Promise.all([
    redis.hlen(ledger),
    bytesOf(redis, ledger),
    redis.lrange(queueKey('wait'), 0, 199),
    bytesOf(redis, queueKey('wait')),
    usedMemory(redis),
  ]);
  const jobBytes = await Promise.all(jobs.map((id) => bytesOf(redis, queueKey(id))));
  const perJob = jobBytes.reduce((sum, bytes) => sum + bytes, 0) / jobBytes.length + listBytes / rows;
  return [
    ['ledger entries after the backlog', String(entries)],
    ['bytes a ledger entry', (ledgerBytes / entries).toFixed(0)],
    ['bytes a waiting event', perJob.toFixed(0)],
    ['memory in use altogether', `${(used / 2 ** 20).toFixed(1)} MB`],
    ['memory in use, per event', `${(used / rows).toFixed(0)} bytes`],
  ];
}

/** A consumer that does nothing with what it gets: what remains is the way of an event through its queue. */
async function consumption({ redis, redisPid }: Afterwards, rows: number): Promise<string[][]> {
  const before = { cpu: cpuSeconds(redisPid), atMs: performance.now() };
  const { port, host } = redis.options;
  let done = 0;
  await new Promise<void>((resolve, reject) => {
    const consumer = consumeEvents({
      redisUrl: `redis://${host}:${port}`,
      concurrency: 100,
      handler: async () => {
        done += 1;
        if (done === rows) setImmediate(() => void consumer.close().then(resolve, reject));
      },
    });
  });
  const seconds = (performance.now() - before.atMs) / 1000;
  const perEvent = (cpuSeconds(redisPid) - before.cpu) / rows;
  return [
    ['Redis CPU to consume one', `${(perEvent * 1e6).toFixed(0)} µs`],
    ['one idle consumer process took', `${(rows / seconds).toFixed(0)} events/s`],
  ];
}

async function bytesOf(redis: Redis, key: string): Promise<number> {
  return Number((await redis.memory('USAGE', key, 'SAMPLES', 0)) ?? 0);
}

async function usedMemory(redis: Redis): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1] ?? Number.NaN);
}

function queueKey(part: string): string {
  return `${DEFAULT_QUEUE_PREFIX}:${DEFAULT_EVENTS_QUEUE}:${part}`;
}
