import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Queue } from 'bullmq';
import { connectRedis, type Redis } from '../../shared/redis.js';
import { type Backpressure, createBackpressure, createMemoryWatch } from '../../worker/state/queue-depth.js';
import { startRedis } from '../support/redis-server.js';

const REDIS_URL = process.env['TEST_REDIS_URL'] ?? '';
const monotonicNowMs = () => performance.now();

describe('back-pressure', () => {
  const queues: Queue[] = [];
  let prefix: string;
  let redis: Redis;
  let backpressure: Backpressure;

  beforeEach(() => {
    prefix = `t${randomUUID()}`;
    redis = connectRedis(REDIS_URL, { name: 'test', role: 'commands' });
    backpressure = createBackpressure({ redis, prefix, highWater: 20 });
  });

  afterEach(async () => {
    for (const queue of queues.splice(0)) await queue.close();
    redis.disconnect();
  });

  test('sees what BullMQ itself calls waiting, also with priorities and in a paused queue', async () => {
    const queue = aQueue('a');
    await queue.addBulk(jobs(8));
    await queue.addBulk(jobs(7, { priority: 3 }));
    await queue.pause();
    await queue.addBulk(jobs(6));
    await queue.addBulk(jobs(9, { delay: 3_600_000 }));

    expect(await backpressure.isFull(['a'])).toEqual({ full: true, queue: 'a', waiting: 21 });
    expect(await queue.getJobCountByTypes('waiting', 'prioritized')).toBe(21);
  });

  test('counts jobs that an older BullMQ left in the list of a paused queue', async () => {
    await redis.rpush(`${prefix}:a:paused`, ...Array.from({ length: 20 }, (_, id) => `j${id}`));

    expect(await backpressure.isFull(['a'])).toEqual({ full: true, queue: 'a', waiting: 20 });
  });

  test('names the fullest of several queues, and lets a stream of other queues go on', async () => {
    await aQueue('a').addBulk(jobs(20));
    await aQueue('b').addBulk(jobs(25));
    await aQueue('c').addBulk(jobs(19));

    expect(await backpressure.isFull(['a', 'b', 'c', 'b'])).toEqual({ full: true, queue: 'b', waiting: 25 });
    expect(await backpressure.isFull(['c', 'never used'])).toEqual({ full: false });
    expect(await backpressure.isFull([])).toEqual({ full: false });
  });

  test('does not stop and go with every job: it opens again below nine tenths', async () => {
    const wait = `${prefix}:a:wait`;
    const verdicts: [number, boolean][] = [];
    for (const waiting of [19, 20, 19, 18, 17, 19, 20]) {
      await redis.del(wait);
      await redis.rpush(wait, ...Array.from({ length: waiting }, (_, id) => `j${id}`));
      verdicts.push([waiting, (await backpressure.isFull(['a'])).full]);
    }

    expect(verdicts).toEqual([
      [19, false],
      [20, true],
      [19, true],
      [18, true],
      [17, false],
      [19, false],
      [20, true],
    ]);
  });

  test('does not take a look that failed for an empty queue', async () => {
    await redis.set(`${prefix}:a:wait`, 'not a list');

    await expect(backpressure.isFull(['a'])).rejects.toThrow(/WRONGTYPE/);
  });

  function aQueue(name: string): Queue {
    const queue = new Queue(name, { connection: redis, prefix });
    queues.push(queue);
    return queue;
  }

  function jobs(count: number, opts: { priority?: number; delay?: number } = {}) {
    return Array.from({ length: count }, () => ({ name: 'changed', data: {}, opts }));
  }
});

describe('memory of Redis', () => {
  test('is high before Redis refuses writes, and no matter without a limit', async () => {
    const server = await startRedis({ maxmemory: '8mb' });
    const redis = connectRedis(server.url, { name: 'test', role: 'commands' });
    const look = createMemoryWatch({ redis, monotonicNowMs, lookEveryMs: 0 });
    try {
      expect(await look()).toMatchObject({ high: false, mostBytes: 8 * 2 ** 20, policy: 'noeviction', evicts: false });

      await fill(redis);
      const full = await look();
      expect(full.high).toBe(true);
      expect(full.usedBytes).toBeLessThan(8 * 2 ** 20);

      await redis.config('SET', 'maxmemory', '0');
      expect(await look()).toMatchObject({ high: false, mostBytes: null });
    } finally {
      redis.disconnect();
      await server.stop();
    }
  });

  test('warns of a Redis that throws keys away', async () => {
    const server = await startRedis({ args: ['--maxmemory-policy', 'allkeys-lru'] });
    const redis = connectRedis(server.url, { name: 'test', role: 'commands' });
    try {
      expect(await createMemoryWatch({ redis, monotonicNowMs })()).toMatchObject({
        policy: 'allkeys-lru',
        evicts: true,
      });
    } finally {
      redis.disconnect();
      await server.stop();
    }
  });

  test('is looked at by a user who may do next to nothing, and not more often than told', async () => {
    const admin = connectRedis(REDIS_URL, { name: 'test', role: 'commands' });
    const user = `u${randomUUID()}`;
    await admin.acl('SETUSER', user, 'on', '>pass', 'resetkeys', '-@all', '+info');
    const url = new URL(REDIS_URL);
    url.username = user;
    url.password = 'pass';
    const redis = connectRedis(url.href, { name: 'test', role: 'commands' });
    redis.on('error', () => undefined);
    let atMs = 0;
    const look = createMemoryWatch({ redis, monotonicNowMs: () => atMs });
    try {
      const first = look();
      expect((await first).usedBytes).toBeGreaterThan(0);
      atMs = 1_999;
      expect(look()).toBe(first);
      atMs = 2_000;
      expect(look()).not.toBe(first);
      await look();
    } finally {
      redis.disconnect();
      await admin.acl('DELUSER', user);
      admin.disconnect();
    }
  });

  test('a look that failed is not kept', async () => {
    const redis = connectRedis(REDIS_URL, { name: 'test', role: 'commands' });
    redis.disconnect();
    const look = createMemoryWatch({ redis, monotonicNowMs: () => 0 });
    await expect(look()).rejects.toThrow();
    await redis.connect();

    expect((await look()).usedBytes).toBeGreaterThan(0);
    redis.disconnect();
  });

  /** Up to between 95 and 100 % of the limit. */
  async function fill(redis: Redis): Promise<void> {
    const share = async () => {
      const info = await redis.info('memory');
      return Number(/^used_memory:(\d+)/m.exec(info)?.[1]) / Number(/^maxmemory:(\d+)/m.exec(info)?.[1]);
    };
    for (let number = 0; (await share()) < 0.96; number += 1) await redis.set(`filler:${number}`, 'x'.repeat(100_000));
  }
});
