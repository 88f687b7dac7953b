import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { ROWS, VARIABLES } from '../../deploy/grafana/panels.mjs';
import { type Simulator, startSimulator } from '../simulator/simulator.js';
import { describeWithPrometheus, type Prometheus, startPrometheus } from '../support/prometheus.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { until } from '../support/until.js';
import { environmentFor, startWorker, type WorkerProcess } from '../support/worker-process.js';

const COMPANY = 'busy';
/** Its password is wrong: Intacct refuses it. */
const LOCKED_OUT = 'locked-out';
/** What Grafana puts in the place of its variables, for a Prometheus that scrapes every second. */
const SUBSTITUTES = { connection: '.*', location: '.*', object: '.*', __rate_interval: '10s' };

describeWithPrometheus('a Prometheus that scrapes a worker', () => {
  let folder: string;
  let redis: RedisServer;
  let simulator: Simulator;
  let worker: WorkerProcess;
  let prometheus: Prometheus;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'prometheus-test-'));
    [redis, simulator] = await Promise.all([startRedis({ appendonly: 'everysec' }), startSimulator()]);
    simulator.company.denied.add('PROJECT');
    const configFile = join(folder, 'connections.yaml');
    writeFileSync(configFile, stringify({ connections: [COMPANY, LOCKED_OUT].map(connectionOf) }));
    const { REDIS_URL, SETTLE, OVERLAP } = environmentFor(simulator, redis.url, 'bull');
    worker = await startWorker({
      REDIS_URL: String(REDIS_URL),
      SETTLE: String(SETTLE),
      OVERLAP: String(OVERLAP),
      CONFIG_FILE: configFile,
    });
    [prometheus] = await Promise.all([startPrometheus(new URL(worker.url).host), worker.ready()]);
    await until('the first scrape', async () => (await prometheus.query('intacct_trigger_build_info')).length > 0);
    goWrong();
  }, 60_000);

  afterAll(async () => {
    await prometheus?.stop();
    await worker?.kill9();
    await simulator?.stop();
    await redis?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('gets data for every query of the dashboard', async () => {
    let waiting = queries();
    await until(
      () => `data of ${waiting.map(({ title, query }) => `${title}: ${query}`).join('\n')}`,
      async () => {
        simulator.company.create('CUSTOMER', { NAME: 'One more' });
        const answers = await Promise.all(waiting.map(({ query }) => prometheus.query(query)));
        waiting = waiting.filter((_, index) => !answers[index]?.some(({ value }) => Number.isFinite(value)));
        return waiting.length === 0;
      },
    );
    expect(waiting).toEqual([]);
  });

  test('lets the variables of the dashboard offer what is configured', async () => {
    const offers = await Promise.all(
      VARIABLES.map(async ({ name, query }) => {
        const [, series = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(query) ?? [];
        const samples = await prometheus.query(substitute(series));
        return [name, [...new Set(samples.map(({ labels }) => labels[label]))].sort()];
      }),
    );
    expect(Object.fromEntries(offers)).toEqual({
      connection: [COMPANY, LOCKED_OUT],
      location: ['all'],
      object: ['CUSTOMER', 'PROJECT'],
    });
  });

  test('says what is blocked, and why', async () => {
    expect(await prometheus.query('intacct_trigger_stream_blocked_info')).toEqual([
      { labels: expect.objectContaining({ connection: COMPANY, object: 'PROJECT' }), value: 1 },
    ]);
    expect(await prometheus.query('intacct_trigger_connection_state{state="blocked"} == 1')).toEqual([
      { labels: expect.objectContaining({ connection: LOCKED_OUT }), value: 1 },
    ]);
  });

  test('evaluates every alert without an error, and raises those that are due', async () => {
    type Rule = { readonly name: string; readonly health: string; readonly state: string; readonly lastError?: string };
    const rules = async () => {
      const { groups } = (await prometheus.get('rules')) as { groups: readonly { rules: readonly Rule[] }[] };
      return groups.flatMap((group) => group.rules);
    };
    await until('all rules to have run', async () => (await rules()).every(({ health }) => health !== 'unknown'));

    const all = await rules();
    expect(all.filter(({ health }) => health !== 'ok').map(({ lastError }) => lastError)).toEqual([]);
    const raised = all.filter(({ state }) => state !== 'inactive').map(({ name }) => name);
    // A poll a second is more than the month's transactions allow for.
    expect(raised.sort()).toEqual(['BudgetForecastExceeded', 'ConnectionBlocked', 'RecordsRejected', 'StreamBlocked']);
  });

  test('is told of a Redis that is gone, and of a lag that grows all the same', async () => {
    const lag = async () => (await prometheus.query('max(intacct_trigger_watermark_lag_seconds)'))[0]?.value ?? 0;
    await redis.kill9();
    await until('a worker without Redis', async () => {
      return (await prometheus.query('intacct_trigger_redis_up == 0')).length > 0;
    });
    const before = await lag();
    await until('a greater lag', async () => (await lag()) > before + 1);

    expect(await prometheus.query('up == 0')).toEqual([]);
    expect(await prometheus.query('intacct_trigger_stream_blocked_info')).toHaveLength(1);
  });

  /** Some of all that can happen to a worker. */
  function goWrong(): void {
    const { company, faults } = simulator;
    company.create('CUSTOMER', { RECORDNO: '', NAME: 'Without a key' });
    company.create('CUSTOMER', { NAME: 'Visible late' }, { visibleAfterMs: 4_000 });
    faults.add({ kind: 'http-status', status: 503 });
  }

  function connectionOf(name: string) {
    const { credentials, url } = simulator;
    return {
      ...credentials,
      name,
      endpoint: url,
      userPassword: name === COMPANY ? credentials.userPassword : 'wrong',
      monthlyTransactions: 1_000_000,
      triggers: (name === COMPANY ? ['CUSTOMER', 'PROJECT'] : ['CUSTOMER']).map((object) => ({ object, every: '1s' })),
    };
  }
});

function queries(): { readonly title: string; readonly query: string }[] {
  return ROWS.flatMap(({ panels }) =>
    panels.flatMap(({ title, queries: own }) => own.map(([query]) => ({ title, query: substitute(query) }))),
  );
}

function substitute(query: string): string {
  return Object.entries(SUBSTITUTES).reduce((text, [name, value]) => text.replaceAll(`$${name}`, value), query);
}
