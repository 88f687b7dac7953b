import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Fault } from '../simulator/faults.js';
import { type RedisProxy, startRedisProxy } from '../support/redis-proxy.js';
import { Stage, suiteRedisUrl } from '../support/stage.js';
import { until } from '../support/until.js';
import type { WorkerProcess } from '../support/worker-process.js';

let stage: Stage;
let proxy: RedisProxy;

beforeEach(async () => {
  stage = await Stage.open();
  proxy = await startRedisProxy(suiteRedisUrl());
});

afterEach(async () => {
  await stage.close();
  await proxy.stop();
});

describe('wrong settings', () => {
  test('are all named at once, without a secret, and end the worker with status 2', async () => {
    const worker = await stage.spawnWorker({
      REDIS_URL: 'http://:redis-S3CRET@127.0.0.1',
      INTACCT_ENDPOINT: 'http://example.com/',
      INTACCT_SENDER_ID: '',
      INTACCT_SENDER_PASSWORD: 'sender-S3CRET',
      INTACCT_USER_PASSWORD: 'user-S3CRET',
      INTACCT_OBJECTS: 'CUSTOMER,INVOCIE',
      POLL_EVERY: 'five',
      HTTP_PORT: '700000',
    });
    const exit = await worker.exited;
    const [headline, ...problems] = worker.output().trimEnd().split('\n');

    expect(exit).toEqual({ code: 2, signal: null });
    expect(headline).toBe('Cannot start, 6 settings are wrong:');
    expect(problems.map((line) => line.trim().split(/[ :]/)[0]).sort()).toEqual([
      'HTTP_PORT',
      'INTACCT_ENDPOINT',
      'INTACCT_OBJECTS',
      'INTACCT_SENDER_ID',
      'POLL_EVERY',
      'REDIS_URL',
    ]);
    expect(worker.output()).not.toContain('S3CRET');
  });

  test('an object that nobody knows is refused with the name that was probably meant', async () => {
    const worker = await stage.spawnWorker({ INTACCT_OBJECTS: 'INVOCIE' });
    const exit = await worker.exited;

    expect(exit.code).toBe(2);
    expect(worker.output()).toContain('"INVOCIE" is not a known object; did you mean ARINVOICE?');
    expect(stage.simulator.stats.counters.httpRequests).toBe(0);
  });
});

describe('Redis away when the worker starts', () => {
  test('is said once, told by /readyz, waited for, and made up for', async () => {
    await proxy.refuse();
    createCustomer('Made while Redis was away');
    const worker = await stage.spawnWorker({ REDIS_URL: proxy.url });
    await until('its first complaint', () => complaintsOf(worker.log()).length > 0);
    await until('its address', () => worker.log('http.listening').length > 0);
    const health = await worker.get('/healthz');
    const readiness = await worker.get('/readyz');
    await proxy.pass();
    await worker.ready();
    await until('the event', async () => (await stage.events()).length === 1);
    const complaints = complaintsOf(worker.log());

    expect(health.status).toBe(200);
    expect(readiness.status).toBe(503);
    expect(JSON.parse(readiness.text)).toMatchObject({ problems: expect.arrayContaining(['Redis does not answer']) });
    // However many attempts there were: no connection complains twice.
    expect(complaints).toEqual([...new Set(complaints)]);
  });
});

describe('rows that cannot become events', () => {
  test('go to intacct-rejected with their reasons, once, while the stream goes on', async () => {
    createCustomer('First');
    createCustomer('No key', { RECORDNO: null });
    createCustomer('No such day', { RECORDNO: '9001', WHENMODIFIED: '02/30/2026 10:00:00' });
    createCustomer('No time at all', { RECORDNO: '9002', WHENCREATED: 'yesterday' });
    const worker = await stage.startWorker();
    await until('the first event', async () => (await stage.events()).length > 0);
    createCustomer('Last');
    await until('the last event', async () => (await stage.events()).length > 1);
    await worker.polledAgain(1);
    const names = (await stage.events()).map(({ data }) => data.record['NAME']);
    const jobs = await stage.jobs('intacct-rejected');
    const counted = await worker.metric('records_rejected_total', 'object="CUSTOMER"');

    expect(names).toEqual(['First', 'Last']);
    expect(jobs.map(({ data }) => `${data.reason} ${data.key}`).sort()).toEqual([
      'missing_key null',
      'unreadable_created_time 9002',
      'unreadable_modified_time 9001',
    ]);
    expect(jobs.map(({ data }) => data)).toEqual(
      jobs.map(() => expect.objectContaining({ connection: 'simulated-company', location: null, object: 'CUSTOMER' })),
    );
    expect(JSON.stringify(jobs.map(({ data }) => data))).not.toContain('No such day');
    expect(counted).toBe(3);
  });
});

test('an answer that is no answer of Intacct emits nothing and leaves the watermark; afterwards nothing is missing', async () => {
  const worker = await stage.startWorker();
  await worker.polled(1);
  const faults: readonly Fault[] = [
    { kind: 'body', body: '<response><control>' },
    { kind: 'cut-body', atByte: 900 },
    { kind: 'wrong-count', by: 1 },
    { kind: 'html-page' },
  ];
  for (const [index, fault] of faults.entries()) {
    const broken = stage.simulator.faults.always(fault, { functionName: 'query' });
    createCustomer('Hidden behind the fault');
    // The poll that was under way may still have been whole.
    await until('a refused answer', () => broken.hits > 0);
    const before = await watermarkOf(worker);
    const polls = worker.log('poll.finished').length;
    await until('another refused answer', () => worker.log('poll.finished').length > polls);
    const during = await watermarkOf(worker);
    const emitted = (await stage.events()).length - index;
    broken.remove();
    await until('the event', async () => (await stage.events()).length === index + 1);

    expect([fault.kind, during, emitted]).toEqual([fault.kind, before, 0]);
  }
});

async function watermarkOf(worker: WorkerProcess): Promise<string> {
  const { streams } = JSON.parse((await worker.get('/status')).text) as { streams: { watermark: string }[] };
  const [stream] = streams;
  if (stream === undefined) throw new Error('/status names no stream');
  return stream.watermark;
}

function createCustomer(name: string, values: Readonly<Record<string, string | null>> = {}): void {
  const stampedAtMs = Date.now() - 5_000;
  stage.simulator.company.create('CUSTOMER', { NAME: name, ...values }, { stampedAtMs });
}

function complaintsOf(lines: readonly { readonly level: string; readonly [field: string]: unknown }[]): string[] {
  return lines.filter(({ level }) => level === 'error').map(({ msg, connection }) => `${msg} (${connection})`);
}
