import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startRedis } from '../../deploy/setup/redis-server.mjs';
import { DEFAULT_EVENTS_QUEUE, DEFAULT_QUEUE_PREFIX } from '../../shared/queues.js';
import { connectRedis, type Redis } from '../../shared/redis.js';
import { environmentFor, startWorker } from '../support/worker-process.js';
import { type CompanyProcess, cpuSeconds, startCompany, startProgram } from './actors.js';
import { SDK_HOST, type SdkSetting, WORKER_HOST } from './setting.js';

/** Before every stamp of every backlog. */
const START_AGO_MS = 4 * 3_600_000;
const LOOK_EVERY_MS = 10;
const PATIENCE_MS = 180_000;

export interface DrainSetting {
  readonly rows: number;
  readonly perSecond: number;
  readonly latencyMs: number;
}

export interface DrainRun {
  readonly rowsPerSecond: number;
  /** Of the process that reads and enqueues. */
  readonly cpuSeconds: number;
  readonly redisCpuSeconds: number;
  /** Query pages that Sage would bill. */
  readonly billed: number;
  readonly load: number;
}

/** Who empties the backlog. */
interface Contender {
  readonly pid: number;
  /** Settles when it has ended, for whatever reason. */
  readonly exited: Promise<unknown>;
  /** What it wrote, where that was kept. */
  output(): string;
  stop(): Promise<unknown>;
}

type Start = (company: CompanyProcess, redisUrl: string) => Promise<Contender>;

export interface Afterwards {
  readonly redis: Redis;
  readonly redisPid: number;
}

/** The worker, as an operator starts it. */
export function drainByWorker(setting: DrainSetting, look?: (after: Afterwards) => Promise<void>): Promise<DrainRun> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const start: Start = async (company, redisUrl) => {
    const trusted = join(folder, 'certificate.pem');
    writeFileSync(trusted, company.certificate);
    return startWorker({
      ...environmentFor(company, redisUrl, DEFAULT_QUEUE_PREFIX),
      NODE_EXTRA_CA_CERTS: trusted,
      POLL_EVERY: '1h',
      START_FROM: `${START_AGO_MS / 1000}s`,
    });
  };
  return drain(setting, WORKER_HOST, start, look).finally(() => rmSync(folder, { recursive: true, force: true }));
}

/** The script on Sage's SDK. */
export function drainByScript(setting: DrainSetting): Promise<DrainRun> {
  const start: Start = async (company, redisUrl) => {
    const { url, port, certificate, credentials } = company;
    const given: SdkSetting = {
      url,
      port,
      certificate,
      credentials,
      redisUrl,
      since: stamp(Date.now() - START_AGO_MS),
    };
    const child = startProgram('sdk-process.js', given);
    const exited = once(child, 'exit');
    return {
      pid: child.pid ?? 0,
      exited,
      output: () => '',
      stop() {
        child.kill('SIGKILL');
        return exited;
      },
    };
  };
  return drain(setting, SDK_HOST, start);
}

/**
 * A company, a Redis and one contender, all new; measured from outside, from the moment the first query reaches the company until the
 * last event is in the queue. Starting up and signing in are over by then.
 */
async function drain(
  { rows, perSecond, latencyMs }: DrainSetting,
  host: string,
  start: Start,
  look?: (after: Afterwards) => Promise<void>,
): Promise<DrainRun> {
  const closers: (() => unknown)[] = [];
  try {
    const server = await startRedis();
    closers.push(() => server.stop());
    const company = await startCompany({ host, customers: rows, perSecond, latencyMs });
    closers.push(() => company.stop());
    const redis = connectRedis(server.url, { name: 'bench', role: 'commands', onError: () => undefined });
    closers.push(() => redis.disconnect());

    const contender = await start(company, server.url);
    closers.push(() => contender.stop());
    const startedAtMs = await Promise.race([company.firstQuery, tooEarly(contender)]);
    const before = { own: cpuSeconds(contender.pid), redis: cpuSeconds(server.pid) };
    const endedAtMs = await whenQueued(redis, rows);
    const after = { own: cpuSeconds(contender.pid), redis: cpuSeconds(server.pid) };
    // The worker goes on for a page that brings nothing new: it is billed as well.
    await sleep(500);
    const { functions } = await company.counters();
    await look?.({ redis, redisPid: server.pid });
    return {
      rowsPerSecond: rows / ((endedAtMs - startedAtMs) / 1000),
      cpuSeconds: after.own - before.own,
      redisCpuSeconds: after.redis - before.redis,
      billed: functions['query'] ?? 0,
      load: loadavg()[0] ?? Number.NaN,
    };
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

async function tooEarly(contender: Contender): Promise<never> {
  await contender.exited;
  throw new Error(`It ended before it had asked anything: ${contender.output()}`);
}

async function whenQueued(redis: Redis, rows: number): Promise<number> {
  const deadline = performance.now() + PATIENCE_MS;
  const list = `${DEFAULT_QUEUE_PREFIX}:${DEFAULT_EVENTS_QUEUE}:wait`;
  for (;;) {
    const queued = await redis.llen(list);
    if (queued >= rows) {
      if (queued > rows) throw new Error(`${queued} events for ${rows} records`);
      return Date.now();
    }
    if (performance.now() > deadline) throw new Error(`Only ${queued} of ${rows} events arrived`);
    await sleep(LOOK_EVERY_MS);
  }
}

/** As a filter of a query holds it. */
function stamp(atMs: number): string {
  const [date = '', time = ''] = new Date(atMs).toISOString().slice(0, 19).split('T');
  const [year, month, day] = date.split('-');
  return `${month}/${day}/${year} ${time}`;
}
