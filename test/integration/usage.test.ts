import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { connectRedis, type Redis } from '../../shared/redis.js';
import { Keys } from '../../worker/state/keys.js';
import { createUsage, type Usage, type UsageOptions } from '../../worker/state/usage.js';
import { until } from '../support/until.js';

const REDIS_URL = process.env['TEST_REDIS_URL'] ?? '';
const IN_NOVEMBER_MS = Date.UTC(2026, 10, 22);
const HALF_A_YEAR_S = 180 * 86_400;

describe('usage', () => {
  const opened: Usage[] = [];
  let keys: Keys;
  let redis: Redis;
  let nowMs: number;

  beforeEach(() => {
    keys = new Keys(`t${randomUUID()}`);
    redis = connectRedis(REDIS_URL, { name: 'test', role: 'commands' });
    nowMs = IN_NOVEMBER_MS;
  });

  afterEach(async () => {
    for (const usage of opened.splice(0)) await usage.close();
    redis.disconnect();
  });

  test('adds up what all processes sent, by function', async () => {
    const [one, other] = [aProcess(), aProcess()] as const;
    one.count({ query: 3, lookup: 1 });
    one.count({ query: 2 });
    other.count({ getAPISession: 1, query: 1 });
    await other.close();

    expect(await one.month(nowMs)).toEqual({ total: 8, byFunction: { query: 6, lookup: 1, getAPISession: 1 } });
  });

  test('writes by itself, many counts at once', async () => {
    const usage = aProcess({ batchEveryMs: 20 });
    for (let time = 0; time < 1_000; time += 1) usage.count({ query: 1 });

    await until('the counts are in Redis', async () => (await inRedis('2026-11')) === '1000');
    const batches = await redis.get(String((await redis.keys(`${keys.usageBatch('acme', '')}*`))[0]));
    expect(Number(batches)).toBeLessThan(5);
  });

  test('counts for the month in which it was sent, also when it is written in the next', async () => {
    nowMs = Date.UTC(2026, 11, 1) - 1;
    const usage = aProcess();
    usage.count({ query: 5 });
    nowMs += 1;
    usage.count({ query: 7 });

    expect((await usage.month(nowMs)).total).toBe(7);
    expect((await usage.month(nowMs - 1)).total).toBe(5);
  });

  test('starts at nothing', async () => {
    expect(await aProcess().month(nowMs)).toEqual({ total: 0, byFunction: {} });
  });

  test('does not count twice what arrived although the answer was lost', async () => {
    const lossy = losingOneAnswer();
    const usage = aProcess({ redis: lossy.redis });
    usage.count({ query: 5 });
    await usage.month(nowMs);
    expect(lossy.lost()).toBe(1);
    usage.count({ query: 1 });

    expect((await usage.month(nowMs)).total).toBe(6);
  });

  test('keeps the counts of an outage, and never troubles who counts', async () => {
    const away = connectRedis(REDIS_URL, { name: 'test', role: 'commands' });
    away.disconnect();
    const troubles: unknown[] = [];
    const usage = aProcess({ redis: away, batchEveryMs: 20, onTrouble: (error) => troubles.push(error) });
    usage.count({ query: 4 });
    await until('a batch has failed', () => troubles.length > 0);
    usage.count({ query: 2 });
    await expect(usage.month(nowMs)).rejects.toThrow();
    await away.connect();

    expect((await usage.month(nowMs)).total).toBe(6);
    await usage.close();
    away.disconnect();
  });

  test('goes away after somewhat more than a year', async () => {
    const usage = aProcess();
    usage.count({ query: 1 });
    await usage.month(nowMs);

    expect(await redis.ttl(keys.usage('acme', '2026-11'))).toBeGreaterThan(2 * HALF_A_YEAR_S);
    expect(await redis.ttl(keys.usage('acme', '2026-11'))).toBeLessThan(3 * HALF_A_YEAR_S);
  });

  test('leaves out what is no number', async () => {
    await redis.hset(keys.usage('acme', '2026-11'), { query: 5, lookup: 'many' });

    expect(await aProcess().month(nowMs)).toEqual({ total: 5, byFunction: { query: 5 } });
  });

  function aProcess(changes: Partial<UsageOptions> = {}): Usage {
    const usage = createUsage({ redis, keys, connection: 'acme', now: () => nowMs, batchEveryMs: 60_000, ...changes });
    opened.push(usage);
    return usage;
  }

  async function inRedis(month: string): Promise<string | null> {
    return await redis.hget(keys.usage('acme', month), 'query');
  }

  /** The first script runs and its answer gets lost. */
  function losingOneAnswer(): { redis: Redis; lost: () => number } {
    let lost = 0;
    const lossy = {
      async eval(...args: Parameters<Redis['eval']>) {
        const reply: unknown = await redis.eval(...args);
        if (lost > 0) return reply;
        lost += 1;
        throw new Error('Command timed out');
      },
      hgetall: (key: string) => redis.hgetall(key),
    };
    return { redis: lossy as unknown as Redis, lost: () => lost };
  }
});
