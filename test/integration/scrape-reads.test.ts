import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Queue } from 'bullmq';
import { connectRedis, type Redis } from '../../shared/redis.js';
import { countQueues } from '../../worker/state/queue-counts.js';
import { readRedisHealth } from '../../worker/state/redis-health.js';
import { startRedis } from '../support/redis-server.js';
import { suiteRedisUrl } from '../support/stage.js';

describe('what a scrape reads of queues', () => {
  let prefix: string;
  let redis: Redis;
  let queue: Queue;

  beforeEach(() => {
    prefix = `t${randomUUID()}`;
    redis = connectRedis(suiteRedisUrl(), { name: 'test', role: 'commands' });
    queue = new Queue('events', { connection: redis, prefix });
  });

  afterEach(async () => {
    await queue.close();
    redis.disconnect();
  });

  test('counts what BullMQ has put there, and is nought for a queue that nobody has ever used', async () => {
    await queue.add('changed', {});
    await queue.add('changed', {}, { priority: 5 });
    await queue.add('changed', {}, { delay: 60_000 });
    const counts = await countQueues(redis, prefix, ['never-used', 'events']);

    expect(counts).toEqual([
      { queue: 'never-used', waiting: 0, delayed: 0, failed: 0, oldestWaitingAgeMs: 0 },
      { queue: 'events', waiting: 2, delayed: 1, failed: 0, oldestWaitingAgeMs: expect.any(Number) },
    ]);
  });

  test('tells the age of the oldest job, not of the newest', async () => {
    for (const ageMs of [3_600_000, 60_000, 0]) await queue.add('changed', {}, { timestamp: Date.now() - ageMs });
    const [counts] = await countQueues(redis, prefix, ['events']);

    expect(counts?.oldestWaitingAgeMs).toBeGreaterThanOrEqual(3_600_000);
    expect(counts?.oldestWaitingAgeMs).toBeLessThan(3_660_000);
  });
});

describe('what a scrape reads of Redis', () => {
  test.each([
    ['keeps an append-only file', { appendonly: 'everysec', maxmemory: '64mb' }, true, false],
    ['keeps nothing', {}, false, false],
    ['is a cache', { args: ['--maxmemory-policy', 'allkeys-lru'] }, false, true],
  ] as const)('a server that %s', async (_what, options, persistenceOk, evicts) => {
    const server = await startRedis(options);
    const redis = connectRedis(server.url, { name: 'test', role: 'commands' });
    try {
      const health = await readRedisHealth(redis);
      expect(health).toEqual({ memoryUsedRatio: expect.any(Number), persistenceOk, evicts });
      expect(health.memoryUsedRatio).toBeGreaterThan(0);
      expect(health.memoryUsedRatio).toBeLessThan(1);
    } finally {
      redis.disconnect();
      await server.stop();
    }
  });

  test('says nothing of what a managed one does not tell', async () => {
    const silent = { info: async () => '# Memory\r\nused_memory:100\r\n' } as unknown as Redis;
    expect(await readRedisHealth(silent)).toEqual({ memoryUsedRatio: null, persistenceOk: null, evicts: null });
  });
});
