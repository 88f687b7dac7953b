import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { consumeEvents, type EventConsumer, type TriggerEvent } from '../../shared/index.js';
import { connectRedis } from '../../shared/redis.js';
import { fillSampleCompany } from '../simulator/sample-company.js';
import { type Simulator, startSimulator } from '../simulator/simulator.js';
import { type RedisUser, SecuredRedis } from '../support/secured-redis.js';
import { until } from '../support/until.js';
import { environmentFor, startWorker, type WorkerProcess } from '../support/worker-process.js';

// What deploy/redis offers, tried: its users may do what the two programs do, and no more; over TLS.

let redis: SecuredRedis;
let simulator: Simulator;
let worker: WorkerProcess;
let consumer: EventConsumer;
let enqueued = 0;
const consumed: TriggerEvent[] = [];
const troubles: Error[] = [];

function start(): Promise<WorkerProcess> {
  return startWorker({
    ...environmentFor(simulator, redis.url('intacct-worker'), 'bull'),
    INTACCT_OBJECTS: 'CUSTOMER,VENDOR',
    START_FROM: '30d',
    NODE_EXTRA_CA_CERTS: redis.certificateFile,
  });
}

beforeAll(async () => {
  redis = await SecuredRedis.start();
  simulator = await startSimulator({});
  fillSampleCompany(simulator.company, { seed: 7 });
  worker = await start();
  consumer = consumeEvents({
    connection: redis.connect('intacct-consumer', 'blocking'),
    handler: async (event) => {
      consumed.push(event);
    },
    onError: (error) => troubles.push(error),
  });
  await worker.polled(3);
  enqueued = await worker.metric('events_enqueued_total');
}, 60_000);

afterAll(async () => {
  // Without waiting: with a right too few there is nothing to wait for.
  await consumer?.worker.close(true);
  await worker?.kill9();
  await simulator?.stop();
  await redis?.stop();
});

describe('over TLS, with the rights of deploy/redis/users.acl', () => {
  test('the worker polls and enqueues, stops, and goes on where it was', async () => {
    expect(enqueued).toBeGreaterThan(0);
    expect(await worker.stop()).toEqual({ code: 0, signal: null });
    worker = await start();
    await worker.polled(2);
    expect(await worker.metric('events_enqueued_total')).toBe(0);
  });

  test('a consumer handles every event', async () => {
    await until('every event to be handled', () => consumed.length >= enqueued);
    expect(consumed).toHaveLength(enqueued);
    expect(troubles).toEqual([]);
  });

  test('Redis refused neither of them anything', async () => {
    expect(await redis.refusals()).toEqual([]);
  });
});

describe('no right that is not needed', () => {
  test.each([
    ['intacct-worker', 'FLUSHALL'],
    ['intacct-worker', 'KEYS *'],
    ['intacct-worker', 'CONFIG GET *'],
    ['intacct-worker', 'SCRIPT FLUSH'],
    ['intacct-worker', 'ACL LIST'],
    ['intacct-worker', 'SHUTDOWN'],
    ['intacct-worker', 'GET session:1'],
    ['intacct-consumer', 'FLUSHALL'],
    ['intacct-consumer', 'CONFIG GET *'],
    ['intacct-consumer', 'HGETALL bull:intacct-polls:meta'],
    ['intacct-consumer', 'DEL bull:intacct-trigger:simulated-company:ledger:CUSTOMER'],
  ] satisfies [RedisUser, string][])('%s may not %s', async (user, command) => {
    const [name = '', ...args] = command.split(' ');
    await expect(redis.connect(user).call(name, ...args)).rejects.toThrow('NOPERM');
  });
});

describe('nobody else comes in', () => {
  test.each([
    ['default', ''],
    ['intacct-worker', ''],
    ['intacct-worker', 'guess'],
  ])('as %s with the password "%s"', async (user, password) => {
    await expect(redis.connect('intacct-worker').call('AUTH', user, password)).rejects.toThrow('WRONGPASS');
  });

  test('without TLS', async () => {
    const url = redis.url('intacct-worker').replace('rediss:', 'redis:');
    const options = { retryStrategy: () => null };
    const client = connectRedis(url, { name: 'test', role: 'commands', options, onError: () => undefined });
    await expect(client.ping()).rejects.toThrow('Connection is closed');
  });
});
