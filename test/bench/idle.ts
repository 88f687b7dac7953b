import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startRedis } from '../../deploy/setup/redis-server.mjs';
import { DEFAULT_QUEUE_PREFIX } from '../../shared/queues.js';
import { connectRedis, type Redis } from '../../shared/redis.js';
import { Keys } from '../../worker/state/keys.js';
import { environmentFor, startWorker, type WorkerProcess } from '../support/worker-process.js';
import { type CompanyProcess, cpuSeconds, startCompany } from './actors.js';
import { WORKER_HOST } from './setting.js';
import { table } from './tell.js';

const OBJECTS = ['CUSTOMER', 'VENDOR', 'APBILL', 'ARINVOICE', 'PROJECT', 'ITEM', 'EMPLOYEE', 'CONTACT'];
/** How many the worker runs at most; a tick mostly waits for Intacct. */
const TICKS_AT_ONCE = 16;
const SETTLING_MS = 6_000;
const MEASURED_MS = 25_000;

interface IdleSetting {
  readonly title: string;
  readonly connections: number;
  readonly streamsEach: number;
  readonly every: string;
}

/** What went by while nothing changed. */
interface IdleRun {
  readonly ticks: number;
  readonly streams: number;
  readonly httpRequests: number;
  readonly billed: number;
  readonly commits: number;
  readonly redisCommands: number;
  readonly cpuSeconds: number;
  readonly redisCpuSeconds: number;
}

/** Intervals as short as the settings allow, many connections: a thousand ticks in half a minute. */
const RUNS: readonly IdleSetting[] = [
  { title: 'no ticks', connections: 1, streamsEach: 1, every: '1h' },
  { title: '1 stream a tick', connections: 40, streamsEach: 1, every: '1s' },
  { title: '8 streams a tick', connections: 20, streamsEach: 8, every: '1s' },
];

export async function measureIdle(say: (line: string) => void): Promise<void> {
  const runs: { readonly setting: IdleSetting; readonly run: IdleRun }[] = [];
  for (const setting of RUNS) runs.push({ setting, run: await idle(setting) });
  const seconds = MEASURED_MS / 1000;
  say(`\nIdle ticks: nothing has changed since the one before (${seconds} s each)`);
  const rest = runs[0]?.run;
  const header = ['', 'ticks', 'HTTP', 'billed', 'commits', 'Redis commands', 'CPU ms', 'Redis CPU ms'];
  const lines = runs.slice(1).map(({ setting, run }) => {
    const each = (value: number, without = 0): string => ((value - without) / run.ticks).toFixed(2);
    return [
      `${setting.title}, each`,
      String(run.ticks),
      each(run.httpRequests),
      each(run.billed),
      each(run.commits),
      each(run.redisCommands, rest?.redisCommands),
      each(run.cpuSeconds * 1000, (rest?.cpuSeconds ?? 0) * 1000),
      each(run.redisCpuSeconds * 1000, (rest?.redisCpuSeconds ?? 0) * 1000),
    ];
  });
  say(table([header, ...lines]));
  const share = ((rest?.cpuSeconds ?? Number.NaN) / seconds) * 100;
  say(
    `a worker without ticks: ${share.toFixed(1)} % of a core, ${((rest?.redisCommands ?? 0) / seconds).toFixed(0)} Redis commands a second`,
  );
  carry(runs.slice(1), rest?.cpuSeconds ?? 0, say);
}

/** Straight on from the measured cost of a tick to half of one core: the other half is for changes, sweeps and what else happens. */
function carry(
  runs: readonly { readonly setting: IdleSetting; readonly run: IdleRun }[],
  restCpu: number,
  say: (line: string) => void,
): void {
  const lines = runs.map(({ setting, run }) => {
    const cpuPerTick = (run.cpuSeconds - restCpu) / run.ticks;
    const at = (everySeconds: number): string =>
      String(Math.floor((everySeconds * 0.5) / cpuPerTick) * setting.streamsEach);
    return [setting.title, at(60), at(300)];
  });
  say('\nStreams that half a core carries, extrapolated from the CPU of an idle tick');
  say(table([['', 'every 1m', 'every 5m'], ...lines]));
  const [perMinute, perFive] = [TICKS_AT_ONCE * 60, TICKS_AT_ONCE * 300];
  say(
    `But ${TICKS_AT_ONCE} ticks at a time: ${perMinute} pollers every 1m, ${perFive} every 5m, where Intacct takes a second to answer`,
  );
}

async function idle(setting: IdleSetting): Promise<IdleRun> {
  const closers: (() => unknown)[] = [];
  try {
    const server = await startRedis();
    closers.push(() => server.stop());
    const company = await startCompany({ host: WORKER_HOST, customers: 100, perSecond: 20, latencyMs: 0 });
    closers.push(() => company.stop());
    const redis = connectRedis(server.url, { name: 'bench', role: 'commands', onError: () => undefined });
    closers.push(() => redis.disconnect());
    const folder = mkdtempSync(join(tmpdir(), 'bench-'));
    closers.push(() => rmSync(folder, { recursive: true, force: true }));
    const worker = await startIdleWorker(setting, company, server.url, folder);
    closers.push(() => worker.stop());
    await worker.polled(setting.connections);
    await sleep(SETTLING_MS);

    const look = () => reading(setting, worker, company, redis, server.pid);
    const before = await look();
    await sleep(MEASURED_MS);
    const after = await look();
    const keys = Object.keys(before) as (keyof IdleRun)[];
    const gone = Object.fromEntries(keys.map((key) => [key, after[key] - before[key]])) as unknown as IdleRun;
    return { ...gone, streams: after.streams };
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

function startIdleWorker(
  setting: IdleSetting,
  company: CompanyProcess,
  redisUrl: string,
  folder: string,
): Promise<WorkerProcess> {
  const triggers = OBJECTS.slice(0, setting.streamsEach).map((object) => ({ object }));
  const connections = Array.from({ length: setting.connections }, (_, index) => ({
    name: `c${index}`,
    endpoint: company.url,
    ...company.credentials,
    triggers,
  }));
  const [certificate, configFile] = [join(folder, 'certificate.pem'), join(folder, 'connections.yaml')];
  writeFileSync(certificate, company.certificate);
  // JSON is YAML.
  writeFileSync(configFile, JSON.stringify({ connections }));
  const own = Object.entries(environmentFor(company, redisUrl, DEFAULT_QUEUE_PREFIX));
  return startWorker({
    ...Object.fromEntries(own.filter(([name]) => !name.startsWith('INTACCT_'))),
    NODE_EXTRA_CA_CERTS: certificate,
    CONFIG_FILE: configFile,
    POLL_EVERY: setting.every,
  });
}

async function reading(
  setting: IdleSetting,
  worker: WorkerProcess,
  company: CompanyProcess,
  redis: Redis,
  redisPid: number,
): Promise<IdleRun> {
  const keys = new Keys(DEFAULT_QUEUE_PREFIX);
  const { httpRequests, billed } = await company.counters();
  const states = Array.from({ length: setting.connections }, (_, index) =>
    OBJECTS.slice(0, setting.streamsEach).map((object) => keys.state(`c${index}`, null, object)),
  ).flat();
  const stats = await redis.info('stats');
  const commitNos = await Promise.all(states.map((key) => redis.hget(key, 'commitNo')));
  return {
    ticks: worker.log('poll.finished').length,
    streams: states.length,
    httpRequests,
    billed,
    commits: commitNos.reduce((sum, text) => sum + Number(text ?? 0), 0),
    redisCommands: Number(/^total_commands_processed:(\d+)/m.exec(stats)?.[1] ?? Number.NaN),
    cpuSeconds: cpuSeconds(worker.pid),
    redisCpuSeconds: cpuSeconds(redisPid),
  };
}
