import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { connectRedis, type Redis } from '../../shared/redis.js';
import { Keys } from '../../worker/state/keys.js';
import { createReplica, type Replica, type ReplicaOptions } from '../../worker/state/replicas.js';
import { until } from '../support/until.js';

const REDIS_URL = process.env['TEST_REDIS_URL'] ?? '';

describe('replicas', () => {
  let keys: Keys;
  let redis: Redis;

  beforeEach(() => {
    keys = new Keys(`t${randomUUID()}`);
    redis = connectRedis(REDIS_URL, { name: 'test', role: 'commands' });
  });

  afterEach(() => redis.disconnect());

  test('all of one configuration may keep the schedules', async () => {
    const [one, other] = [aReplica('old'), aReplica('old')] as const;
    await one.standing();

    expect(await other.standing()).toEqual({ leads: true, disagreeing: 0, replicas: 2 });
    expect(await one.standing()).toEqual({ leads: true, disagreeing: 0, replicas: 2 });
  });

  test('two configurations do not fight: the newer is in force, and both know', async () => {
    const old = [aReplica('old'), aReplica('old')] as const;
    for (const replica of old) await replica.standing();
    const newer = await started('new');

    expect(await newer.standing()).toEqual({ leads: true, disagreeing: 2, replicas: 3 });
    expect(await old[0].standing()).toEqual({ leads: false, disagreeing: 1, replicas: 3 });
    expect(await old[1].standing()).toEqual({ leads: false, disagreeing: 1, replicas: 3 });
  });

  test('exactly one of two configurations that start together is in force', async () => {
    const pair = [aReplica('a'), aReplica('b')] as const;
    await Promise.all(pair.map((replica) => replica.standing()));

    const standings = await Promise.all(pair.map((replica) => replica.standing()));

    expect(standings.filter(({ leads }) => leads)).toHaveLength(1);
  });

  test('an old process that crashes and comes back during a roll-out does not take over', async () => {
    const old = aReplica('old');
    await old.standing();
    const newer = await started('new');
    await old.leave();
    await newer.standing();

    const back = await started('old');

    expect(await back.standing()).toMatchObject({ leads: false, disagreeing: 1 });
    expect(await newer.standing()).toMatchObject({ leads: true, disagreeing: 1 });
  });

  test('after a roll-back the old configuration is in force once the newer is gone', async () => {
    const old = aReplica('old');
    await old.standing();
    const newer = await started('new');
    expect((await old.standing()).leads).toBe(false);

    await newer.leave();

    expect(await old.standing()).toEqual({ leads: true, disagreeing: 0, replicas: 1 });
  });

  test('a killed replica counts for three beats and no longer', async () => {
    const old = aReplica('old', { beatMs: 100 });
    await old.standing();
    await started('new', { beatMs: 100 });
    expect(await old.standing()).toMatchObject({ leads: false, disagreeing: 1 });

    await until('the dead one is dropped', async () => (await old.standing()).leads);

    expect(await old.standing()).toEqual({ leads: true, disagreeing: 0, replicas: 1 });
  });

  test('a replica that was stopped for a while comes back as what it was', async () => {
    const old = aReplica('old');
    await old.standing();
    const newer = await started('new');
    await redis.hdel(keys.replicas(), 'new');

    await old.standing();

    expect(await newer.standing()).toMatchObject({ leads: true });
  });

  test('what was in force stays in force when Redis was emptied, whoever comes back first', async () => {
    const old = aReplica('old');
    await old.standing();
    const newer = await started('new');
    await redis.del(keys.replicas(), keys.configurations());

    await newer.standing();
    expect(await old.standing()).toMatchObject({ leads: false });
    expect(await newer.standing()).toMatchObject({ leads: true });
  });

  test('does not trip over entries that nobody can read, and clears them away', async () => {
    await redis.hset(keys.replicas(), 'x', 'garbage');
    await redis.hset(keys.configurations(), 'y', 'garbage');

    expect(await aReplica('old').standing()).toEqual({ leads: true, disagreeing: 0, replicas: 1 });
    expect(await redis.hlen(keys.replicas())).toBe(1);
    expect(await redis.hlen(keys.configurations())).toBe(1);
  });

  test('throws when Redis cannot be asked, instead of taking the lead', async () => {
    const away = connectRedis(REDIS_URL, { name: 'test', role: 'commands' });
    away.disconnect();

    await expect(aReplica('old', { redis: away }).standing()).rejects.toThrow();
  });

  function aReplica(configFingerprint: string, changes: Partial<ReplicaOptions> = {}): Replica {
    return createReplica({ redis, keys, configFingerprint, beatMs: 10_000, ...changes });
  }

  /** Started, and later than anything before by the clock of Redis. */
  async function started(configFingerprint: string, changes: Partial<ReplicaOptions> = {}): Promise<Replica> {
    const [seconds, microseconds] = await redis.time();
    const beforeMs = Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
    await until('a later millisecond', async () => {
      const [s, us] = await redis.time();
      return Number(s) * 1_000 + Math.floor(Number(us) / 1_000) > beforeMs;
    });
    const replica = aReplica(configFingerprint, { id: configFingerprint, ...changes });
    await replica.standing();
    return replica;
  }
});
