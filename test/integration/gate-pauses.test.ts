import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { connectRedis, type Redis } from '../../shared/redis.js';
import type { Gate } from '../../worker/state/gate.js';
import { Keys } from '../../worker/state/keys.js';
import { aGate, mustNotBeSent, never } from '../support/gates.js';
import { heldRequest, tooMany } from '../support/requests.js';
import { until } from '../support/until.js';

const REDIS_URL = process.env['TEST_REDIS_URL'] ?? '';
const MINUTE_MS = 60_000;

describe('a company that asks for fewer requests', () => {
  let keys: Keys;
  let redis: Redis;

  beforeEach(() => {
    keys = new Keys(`t${randomUUID()}`);
    redis = connectRedis(REDIS_URL, { name: 'test', role: 'commands' });
  });

  afterEach(() => redis.disconnect());

  test('sends nothing in any process for as long as a 429 asked to stay away', async () => {
    const [one, other] = [aProcess(), aProcess()] as const;
    await expect(one.run(tooMany(120_000), never())).rejects.toMatchObject({ code: 'RATE_LIMITED' });

    await expect(other.run(mustNotBeSent, never())).rejects.toMatchObject({
      code: 'CONNECTION_PAUSED',
      reason: 'RATE_LIMITED',
    });

    expect(await pauseMs(other)).toBeGreaterThan(110_000);
    expect(await pauseMs(other)).toBeLessThanOrEqual(120_000);
  });

  test('turns those away that were waiting when the pause began', async () => {
    const [one, other] = [aProcess(), aProcess()] as const;
    const held = heldRequest();
    const running = one.run(held.request, never());
    await until('the first is in flight', () => held.hasBegun());
    const waiting = other.run(mustNotBeSent, never());
    await until('it waits', async () => (await one.state()).waiting === 1);
    held.finish(tooMany(30_000));

    await expect(running).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    await expect(waiting).rejects.toMatchObject({ code: 'CONNECTION_PAUSED' });
  });

  test('stays away longer each time when nobody says for how long, and starts anew after a success', async () => {
    const gate = aProcess();
    const pauses: number[] = [];
    for (let time = 0; time < 6; time += 1) {
      await expect(gate.run(tooMany(), never())).rejects.toMatchObject({ code: 'RATE_LIMITED' });
      pauses.push(Math.ceil((await pauseMs(gate)) / MINUTE_MS));
      await pauseIsOver();
    }
    expect(pauses).toEqual([1, 2, 4, 8, 15, 15]);

    await gate.run(async () => 'ok', never());
    await expect(gate.run(tooMany(), never())).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    expect(Math.ceil((await pauseMs(gate)) / MINUTE_MS)).toBe(1);
  });

  test('a function that is told to come back later pauses the connection, and the answers of the others are kept', async () => {
    const gate = aProcess();
    const answer = [{ ok: true, value: 1 }, await tooMany(60_000)().catch((error: unknown) => ({ ok: false, error }))];

    expect(await gate.run(async () => answer, never())).toBe(answer);

    await expect(gate.run(mustNotBeSent, never())).rejects.toMatchObject({ code: 'CONNECTION_PAUSED' });
  });

  test('does not become a loop when told to come back at once, nor the end when told 2099', async () => {
    for (const [asked, most] of [
      [0, 1_000],
      [73 * 365 * 24 * 60 * MINUTE_MS, 24 * 60 * MINUTE_MS],
    ] as const) {
      const gate = aProcess();
      await expect(gate.run(tooMany(asked), never())).rejects.toMatchObject({ code: 'RATE_LIMITED' });
      expect(await pauseMs(gate)).toBeGreaterThan(most / 2);
      expect(await pauseMs(gate)).toBeLessThanOrEqual(most);
      await pauseIsOver();
    }
  });

  test('two requests that are told so together count once', async () => {
    const gate = aProcess(2);
    await gate.run(async () => 'proof', never());
    const held = [heldRequest(), heldRequest()] as const;
    const runs = held.map(({ request }) =>
      expect(gate.run(request, never())).rejects.toMatchObject({ code: 'RATE_LIMITED' }),
    );
    await until('both are in flight', () => held.every(({ hasBegun }) => hasBegun()));
    for (const each of held) void each.finish(tooMany());
    await Promise.all(runs);

    expect(Math.ceil((await pauseMs(gate)) / MINUTE_MS)).toBe(1);
  });

  function aProcess(limit = 1): Gate {
    return aGate({ redis, keys }, { limit });
  }

  async function pauseMs(gate: Gate): Promise<number> {
    return ((await gate.state()).pausedUntilMs ?? 0) - (await redisNowMs());
  }

  async function pauseIsOver(): Promise<void> {
    await redis.hset(keys.gate('acme', 'state'), { pausedUntilMs: (await redisNowMs()) - 1 });
  }

  async function redisNowMs(): Promise<number> {
    const [seconds, microseconds] = await redis.time();
    return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
  }
});
