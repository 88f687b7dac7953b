import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { findRedis, freePort, outlive } from '../../deploy/setup/redis-server.mjs';
import { connectRedis, type Redis } from '../../shared/redis.js';
import { fillSampleCompany } from '../simulator/sample-company.js';
import { type Simulator, startSimulator } from '../simulator/simulator.js';
import { until } from '../support/until.js';
import { startWorker, type WorkerProcess } from '../support/worker-process.js';
import { service } from '../unit/deploy/compose-file.js';
import { pathOf, unknownVariables } from '../unit/deploy/settings.js';

// The demo of deploy/compose.yaml without an engine: the commands and variables that stand there, as processes of this machine.
// Only what a container would bring along is exchanged: names of hosts, ports, and where files are mounted. And the worker starts far
// back, since nobody works in this company.

const dir = mkdtempSync(join(tmpdir(), 'compose-'));
const children: { readonly child: ChildProcess; readonly release: () => void }[] = [];
let redis: Redis;
let simulator: Simulator;
let worker: WorkerProcess;
let printed = '';

function run(program: string, args: readonly string[]): ChildProcess {
  const child = spawn(program, args, { env: { PATH: process.env['PATH'] }, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push({ child, release: outlive(child.pid ?? 0, undefined) });
  return child;
}

beforeAll(async () => {
  const port = await freePort();
  const host = `redis://127.0.0.1:${port}`;
  const redisArguments = (service('redis').command ?? []).slice(1).map((word) => {
    const mounted: Readonly<Record<string, string>> = {
      '/etc/redis/redis.conf': pathOf('deploy/redis/redis.conf'),
      '/data': dir,
      '*': '127.0.0.1',
    };
    return mounted[word] ?? word;
  });
  run(findRedis()?.path ?? 'redis-server', [...redisArguments, '--port', String(port)]).stdout?.resume();
  redis = connectRedis(host, { name: 'test', role: 'commands', onError: () => undefined });
  await until('an answer from Redis', async () => (await redis.ping().catch(() => '')) === 'PONG');

  simulator = await startSimulator({});
  fillSampleCompany(simulator.company, { seed: 7 });
  const { environment = {} } = service('demo-worker');
  worker = await startWorker({
    ...environment,
    REDIS_URL: (environment['REDIS_URL'] ?? '').replace('redis://redis:6379', host),
    INTACCT_ENDPOINT: (environment['INTACCT_ENDPOINT'] ?? '').replace('127.0.0.1:8080', `127.0.0.1:${simulator.port}`),
    LOG_LEVEL: '',
    START_FROM: '30d',
  });

  const [program, ...args] = service('demo').command ?? [];
  expect(program).toBe('node');
  const script = args.map((word) => word.replace('redis://redis:6379', host).replace('/app/', pathOf('')));
  run(process.execPath, script).stdout?.on('data', (chunk) => {
    printed += chunk;
  });
  await worker.ready();
}, 60_000);

afterAll(async () => {
  redis?.disconnect();
  for (const { child, release } of children.reverse()) {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await gone;
    }
    release();
  }
  await worker?.kill9();
  await simulator?.stop();
  rmSync(dir, { recursive: true, force: true });
});

test('the demo prints events', async () => {
  await until('a line of the consumer', () =>
    /^\S+Z intacct\.customer\.(created|updated) CUSTOMER\/\d+$/m.test(printed),
  );
  expect(unknownVariables(Object.keys(service('demo-worker').environment ?? {}))).toEqual([]);
});

test('its Redis keeps what it is given', async () => {
  expect(await redis.info('memory')).toContain('maxmemory_policy:noeviction');
  expect(await redis.info('persistence')).toContain('aof_enabled:1');
});
