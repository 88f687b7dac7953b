import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Queue } from 'bullmq';
import { connectRedis, type Redis } from '../../shared/redis.js';
import { Keys } from '../../worker/state/keys.js';
import { takeLease } from '../../worker/state/leases.js';
import { RedisStreamStore } from '../../worker/state/stream-store.js';
import { TargetQueues } from '../../worker/state/target-queues.js';
import type { Commit, CommitItem, Lease } from '../../worker/tick-tools.js';
import { aStream, MIDNIGHT_MS, marksAt } from '../support/streams.js';

const REDIS_URL = process.env['TEST_REDIS_URL'] ?? '';
const LEASE = { leaseMs: 30_000, onRenewalError: () => undefined };

describe('commit', () => {
  const stream = aStream({ queues: ['a', 'b'] });
  let prefix: string;
  let keys: Keys;
  let redis: Redis;
  let transactions: Redis;
  let queues: TargetQueues;
  let store: RedisStreamStore;
  let lease: Lease;

  beforeEach(async () => {
    prefix = `t${randomUUID()}`;
    keys = new Keys(prefix);
    redis = connectRedis(REDIS_URL, { name: 'test', role: 'commands' });
    transactions = connectRedis(REDIS_URL, { name: 'test-tx', role: 'transactions' });
    await ready(transactions);
    queues = new TargetQueues(transactions, prefix);
    store = new RedisStreamStore({ keys, redis, transactions, queues });
    lease = await leaseOf(stream.location);
  });

  afterEach(async () => {
    await lease.release();
    await queues.close();
    redis.disconnect();
    transactions.disconnect();
  });

  test('moves jobs, ledger and marks together', async () => {
    await store.commit(lease, aCommit([item('1', 'a', 'b'), item('2', 'a', 'b')]));

    expect(await waiting('a')).toEqual(['e1', 'e2']);
    expect(await waiting('b')).toEqual(['e1', 'e2']);
    expect(await store.ledger(stream, ['1', '2', '3'])).toEqual(
      new Map(['1', '2'].map((key) => [key, { stampMs: MIDNIGHT_MS, hash: 'h' }])),
    );
    const saved = await store.load(stream);
    expect(saved.state).toEqual(aCommit([]).state);
  });

  test('does nothing when the lease was taken over', async () => {
    await redis.set(lease.key, 'somebody else');

    await expect(store.commit(lease, aCommit([item('1', 'a')]))).rejects.toMatchObject({ code: 'LEASE_LOST' });

    expect(await waiting('a')).toEqual([]);
    expect(await store.load(stream)).toEqual({ state: null, shared: null });
  });

  test('does nothing when another process has moved the stream', async () => {
    await store.commit(lease, aCommit([]));

    await expect(store.commit(lease, aCommit([item('1', 'a')]))).rejects.toMatchObject({ code: 'COMMIT_OVERTAKEN' });

    expect(await waiting('a')).toEqual([]);
  });

  test('loses nothing when the scripts of Redis are flushed between two commits', async () => {
    await store.commit(lease, aCommit([item('1', 'a')]));
    await redis.script('FLUSH');
    await store.commit(lease, aCommit([item('2', 'a')], 1));

    expect(await waiting('a')).toEqual(['e1', 'e2']);
  });

  test('adds only what is missing when one of two queues could not be written at first', async () => {
    // A counter that does not count fails the jobs of queue b inside the transaction; the rest of the transaction runs.
    await redis.set(`${prefix}:b:id`, 'not a number');
    const commit = aCommit([item('1', 'a', 'b')]);
    await expect(store.commit(lease, commit)).rejects.toMatchObject({ code: 'COMMIT_INCOMPLETE' });
    // A consumer takes the job and leaves no trace of it.
    await redis.del(`${prefix}:a:e1`, `${prefix}:a:wait`);
    await redis.del(`${prefix}:b:id`);

    await store.commit(lease, commit);

    expect(await waiting('a')).toEqual([]);
    expect(await waiting('b')).toEqual(['e1']);
    expect((await store.load(stream)).state?.commitNo).toBe(1);
  });

  test('overwrites nothing when the saved state cannot be read', async () => {
    const key = keys.state(stream.connection, stream.location, stream.object);
    await redis.hset(key, { commitNo: '7', watermarkMs: 'yesterday' });

    await expect(store.load(stream)).rejects.toMatchObject({ code: 'STATE_CORRUPT' });

    expect(await redis.hget(key, 'watermarkMs')).toBe('yesterday');
  });

  test('adds nothing that was judged by a ledger which another location has written to since', async () => {
    await redis.hset(keys.ledger(stream.connection, stream.object), '1', 'm1.other');

    await expect(store.commit(lease, aCommit([item('1', 'a')]))).rejects.toMatchObject({ code: 'COMMIT_OVERTAKEN' });

    expect(await waiting('a')).toEqual([]);
  });

  test('stores what Queue.add would have stored', async () => {
    await store.commit(lease, aCommit([item('1', 'a')]));
    const queue = new Queue('a', { connection: redis, prefix });
    const job = await queue.getJob('e1');
    expect(job?.data).toEqual({ of: '1' });
    expect(job?.name).toBe('changed');
    expect(await queue.getJobCounts('waiting')).toEqual({ waiting: 1 });
    await queue.close();
  });

  async function leaseOf(location: string | null): Promise<Lease> {
    const taken = await takeLease(redis, keys.lease(stream.connection, location), {
      ...LEASE,
      holderKey: keys.holder(stream.connection, location),
    });
    if (taken === null) throw new Error('The lease of a new prefix is taken');
    return taken;
  }

  async function waiting(queue: string): Promise<readonly string[]> {
    return (await redis.lrange(`${prefix}:${queue}:wait`, 0, -1)).toReversed();
  }

  function item(key: string, ...queueNames: readonly string[]): CommitItem {
    return {
      ledgerKey: key,
      known: null,
      remember: { stampMs: MIDNIGHT_MS, hash: 'h' },
      jobs: queueNames.map((queue) => ({ queue, name: 'changed', id: `e${key}`, data: { of: key } })),
    };
  }

  function aCommit(items: readonly CommitItem[], commitNo = 0): Commit {
    return {
      stream,
      expected: { commitNo, sharedCommitNo: null },
      items,
      state: { commitNo: commitNo + 1, marks: marksAt(MIDNIGHT_MS), scan: null },
      shared: null,
    };
  }
});

async function ready(redis: Redis): Promise<void> {
  while (redis.status !== 'ready') await new Promise((resolve) => redis.once('ready', resolve));
}
