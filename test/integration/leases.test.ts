import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { connectRedis, type Redis } from '../../shared/redis.js';
import { Keys } from '../../worker/state/keys.js';
import { takeLease } from '../../worker/state/leases.js';
import type { Lease } from '../../worker/tick-tools.js';
import { suiteRedisUrl } from '../support/stage.js';

describe('the lease of a poller', () => {
  let redis: Redis;
  let keys: Keys;
  let takenOver: number;

  beforeEach(() => {
    redis = connectRedis(suiteRedisUrl(), { name: 'test', role: 'commands' });
    keys = new Keys(`t${randomUUID()}`);
    takenOver = 0;
  });

  afterEach(() => redis.disconnect());

  test('is held by one, and passes from hand to hand without anybody being said to have died', async () => {
    const first = await take();
    expect(await take()).toBeNull();
    await first?.release();
    const second = await take();
    await second?.release();

    expect(second).not.toBeNull();
    expect(takenOver).toBe(0);
    expect(await redis.keys(`${keys.lease('acme', null).split(':')[0]}:*`)).toEqual([]);
  });

  test('tells that it was taken over from a process that never gave it back', async () => {
    const dead = await take();
    await redis.del(keys.lease('acme', null));
    const next = await take();
    const before = takenOver;
    // It was not dead, only away: what it does now is not its business any more.
    await dead?.release();

    expect(before).toBe(1);
    expect(await redis.get(keys.lease('acme', null))).toBe(next?.token);
    await next?.release();
    await (await take())?.release();
    expect(takenOver).toBe(1);
  });

  function take(): Promise<Lease | null> {
    return takeLease(redis, keys.lease('acme', null), {
      holderKey: keys.holder('acme', null),
      leaseMs: 60_000,
      onRenewalError: () => undefined,
      onTakenOver: () => {
        takenOver += 1;
      },
    });
  }
});
