import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { connectRedis, type Redis } from '../../shared/redis.js';
import { Keys } from '../../worker/state/keys.js';
import { takeLease } from '../../worker/state/leases.js';
import { RedisStreamStore } from '../../worker/state/stream-store.js';
import { TargetQueues } from '../../worker/state/target-queues.js';
import type { Lease } from '../../worker/tick-tools.js';
import { startRedisProxy } from '../support/redis-proxy.js';
import { startRedis } from '../support/redis-server.js';
import { aStream, MIDNIGHT_MS, marksAt } from '../support/streams.js';
import { until } from '../support/until.js';

const stream = aStream();
const TIMES = 25;

interface Bench {
  readonly redis: Redis;
  readonly store: RedisStreamStore;
  readonly lease: Lease;
  /** Commits the next version of a record, from what is saved; answers null or the code of the failure. */
  commit(): Promise<string | null>;
  /** Event ids of all jobs, oldest first. */
  jobs(): Promise<readonly string[]>;
  versions(): Promise<number>;
}

describe('a commit', () => {
  let closers: (() => Promise<unknown> | unknown)[];

  beforeEach(() => {
    closers = [];
  });
  afterEach(async () => {
    for (const close of closers.toReversed()) await close();
  });

  test(`whose reply is lost, ${TIMES} times: the next one goes on from what was done, nothing is missing or twice`, async () => {
    const url = process.env['TEST_REDIS_URL'] ?? '';
    const proxy = await startRedisProxy(url);
    closers.push(() => proxy.stop());
    const bench = await open(url, proxy.url);
    let loses = true;
    proxy.intercept(({ name }) => {
      if (name !== 'EXEC' || !loses) return undefined;
      return { at: 'after', standing: (connection) => connection.cut() };
    });
    const failures: (string | null)[] = [];
    for (let time = 0; time < TIMES; time += 1) failures.push(await bench.commit());
    loses = false;
    await bench.commit();

    expect(failures).toEqual(failures.map(() => 'COMMIT_UNKNOWN'));
    expect(await bench.versions()).toBe(TIMES + 1);
    expect(await bench.jobs()).toEqual(Array.from({ length: TIMES + 1 }, (_, index) => `e${index}`));
  }, 60_000);

  test('while Redis is out of memory moves nothing, and the next one brings all of it', async () => {
    const server = await startRedis();
    closers.push(() => server.stop());
    const bench = await open(server.url, server.url);
    await bench.commit();
    await bench.redis.config('SET', 'maxmemory', '1');
    const failures = [await bench.commit(), await bench.commit()];
    const during = [await bench.versions(), await bench.jobs()];
    await bench.redis.config('SET', 'maxmemory', '0');
    const last = await bench.commit();

    expect(failures).toEqual(['REDIS_OUT_OF_MEMORY', 'REDIS_OUT_OF_MEMORY']);
    expect(during).toEqual([1, ['e0']]);
    expect(last).toBeNull();
    expect(await bench.jobs()).toEqual(['e0', 'e1']);
  }, 60_000);

  async function open(url: string, transactionsUrl: string): Promise<Bench> {
    const prefix = `t${randomUUID()}`;
    const keys = new Keys(prefix);
    const redis = connectRedis(url, { name: 'test', role: 'commands' });
    const onError = () => undefined;
    const transactions = connectRedis(transactionsUrl, { name: 'test-tx', role: 'transactions', onError });
    const queues = new TargetQueues(transactions, prefix);
    const store = new RedisStreamStore({ keys, redis, transactions, queues });
    const holderKey = keys.holder(stream.connection, null);
    const options = { holderKey, leaseMs: 60_000, onRenewalError: () => undefined };
    const lease = await takeLease(redis, keys.lease(stream.connection, null), options);
    if (lease === null) throw new Error('The lease of a new prefix is taken');
    closers.push(
      () => redis.disconnect(),
      () => transactions.disconnect(),
      () => queues.close(),
      () => lease.release(),
    );
    const versions = async () => (await store.load(stream)).state?.commitNo ?? 0;
    return {
      redis,
      store,
      lease,
      versions,
      async commit() {
        await until('a connection', () => transactions.status === 'ready');
        const commitNo = await versions();
        const remember = { stampMs: MIDNIGHT_MS + commitNo * 1_000, hash: 'h' };
        const known = commitNo === 0 ? null : { ...remember, stampMs: remember.stampMs - 1_000 };
        const id = `e${commitNo}`;
        const job = { queue: 'events', name: 'changed', id, data: { version: commitNo } };
        const state = { commitNo: commitNo + 1, marks: marksAt(MIDNIGHT_MS), scan: null };
        const expected = { commitNo, sharedCommitNo: null };
        const items = [{ ledgerKey: '1', known, remember, jobs: [job] }];
        return await store.commit(lease, { stream, expected, items, state, shared: null }).then(
          () => null,
          (error: { code: string }) => error.code,
        );
      },
      jobs: async () => (await redis.lrange(`${prefix}:events:wait`, 0, -1)).toReversed(),
    };
  }
});
