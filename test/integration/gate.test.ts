import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { connectRedis, type Redis } from '../../shared/redis.js';
import type { Gate, GateOptions } from '../../worker/state/gate.js';
import { Keys } from '../../worker/state/keys.js';
import { aGate, mustNotBeSent, never } from '../support/gates.js';
import { heldRequest, refusedSignIn } from '../support/requests.js';
import { until } from '../support/until.js';

const REDIS_URL = process.env['TEST_REDIS_URL'] ?? '';

describe('gate', () => {
  const connections: Redis[] = [];
  let keys: Keys;
  let redis: Redis;

  beforeEach(() => {
    keys = new Keys(`t${randomUUID()}`);
    redis = connect();
  });

  afterEach(() => {
    // A second disconnect would leave a timer of two seconds behind.
    for (const connection of connections.splice(0)) if (connection.status !== 'end') connection.disconnect();
  });

  test('lets one request at a time through, over all processes', async () => {
    const processes = [aProcess(), aProcess(), aProcess()];
    let inFlight = 0;
    let most = 0;
    const request = async () => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      await sleep(1);
      inFlight -= 1;
    };

    await Promise.all(processes.flatMap((gate) => Array.from({ length: 4 }, () => gate.run(request, never()))));

    expect(most).toBe(1);
    expect(await processes[0]?.state()).toEqual({ inFlight: 0, waiting: 0, pausedUntilMs: null, blocked: null });
  });

  test('lets as many through as the connection may have, once one has gone well', async () => {
    const gates = [aProcess({ limit: 2 }), aProcess({ limit: 2 }), aProcess({ limit: 2 })] as const;
    await gates[0].run(async () => 'proof', never());
    const held = gates.map(() => heldRequest());
    const runs = gates.map((gate, index) => gate.run(held[index]?.request ?? mustNotBeSent, never()));

    await until('two in flight and one in line', async () => {
      const { inFlight, waiting } = await gates[0].state();
      return inFlight === 2 && waiting === 1 && held.filter(({ hasBegun }) => hasBegun()).length === 2;
    });
    for (const { finish } of held) finish();
    await Promise.all(runs);
  });

  test('serves first who came first, whichever process that is', async () => {
    const gates = [aProcess(), aProcess()] as const;
    const first = heldRequest();
    const running = [gates[0].run(first.request, never())];
    await until('the first is in flight', () => first.hasBegun());
    const order: number[] = [];
    for (let number = 0; number < 6; number += 1) {
      running.push(gates[number % 2 === 0 ? 1 : 0].run(async () => void order.push(number), never()));
      await until('one more in line', async () => (await gates[0].state()).waiting === number + 1);
    }
    first.finish();
    await Promise.all(running);

    expect(order).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('a slot of a dead process frees itself', async () => {
    const doomed = connect();
    const dead = aProcess({ redis: doomed, slotMs: 500 });
    const lost = heldRequest();
    const abandoned = dead.run(lost.request, never());
    await until('the request is in flight', () => lost.hasBegun());
    const outlived = expect(abandoned).rejects.toMatchObject({ code: 'SLOT_LOST' });
    doomed.disconnect();

    await expect(aProcess({ slotMs: 500 }).run(async () => 'sent', never())).resolves.toBe('sent');

    await outlived;
  });

  test('a slow request keeps its slot for as long as it takes', async () => {
    const slow = heldRequest();
    const other = heldRequest();
    const gate = aProcess({ slotMs: 1_000 });
    const first = gate.run(slow.request, never());
    await until('the request is in flight', () => slow.hasBegun());
    const firstEnd = await slotEnd();
    const second = aProcess({ slotMs: 1_000 }).run(other.request, never());

    await until('the first slot would have run out', async () => (await slotEnd()) > firstEnd + 1_000);
    expect(other.hasBegun()).toBe(false);

    slow.finish();
    await until('it is the turn of the other', () => other.hasBegun());
    other.finish();
    await Promise.all([first, second]);
  });

  test('aborts a request whose slot went to another process while this one was stopped', async () => {
    const held = heldRequest();
    const run = aProcess({ slotMs: 500 }).run(held.request, never());
    await until('the request is in flight', () => held.hasBegun());
    const slots = keys.gate('acme', 'slots');
    await redis
      .multi()
      .del(slots)
      .zadd(slots, await slotEnd(), 'of another process')
      .exec();

    await expect(run).rejects.toMatchObject({ code: 'SLOT_LOST' });
  });

  test('a waiting process that dies does not hold up the line', async () => {
    const doomed = connect();
    const gate = aProcess({ waiterMs: 500 });
    const first = heldRequest();
    const running = gate.run(first.request, never());
    await until('the first is in flight', () => first.hasBegun());
    const abandoned = aProcess({ redis: doomed, waiterMs: 500 }).run(mustNotBeSent, never());
    abandoned.catch(() => undefined);
    await until('it waits', async () => (await gate.state()).waiting === 1);
    doomed.disconnect();
    await expect(abandoned).rejects.toThrow();
    first.finish();
    await running;

    await expect(gate.run(async () => 'sent', never())).resolves.toBe('sent');
  });

  test('a request that is given up leaves the line at once', async () => {
    const gate = aProcess();
    const first = heldRequest();
    const running = gate.run(first.request, never());
    await until('the first is in flight', () => first.hasBegun());
    const giveUp = new AbortController();
    const waiting = gate.run(mustNotBeSent, giveUp.signal);
    await until('it waits', async () => (await gate.state()).waiting === 1);

    giveUp.abort(new Error('shutting down'));

    await expect(waiting).rejects.toThrow('shutting down');
    expect((await gate.state()).waiting).toBe(0);
    first.finish();
    await running;
  });

  test('holds a request back when Redis cannot be asked', async () => {
    const away = connect();
    away.disconnect();

    await expect(aProcess({ redis: away }).run(mustNotBeSent, never())).rejects.toThrow(/closed/i);
  });

  test('keeps the answer of a request when Redis goes away meanwhile', async () => {
    const doomed = connect();
    const troubles: unknown[] = [];
    const gate = aProcess({ redis: doomed, onTrouble: (error) => troubles.push(error) });

    await expect(
      gate.run(async () => {
        doomed.disconnect();
        return 'answer';
      }, never()),
    ).resolves.toBe('answer');

    expect(troubles).toHaveLength(1);
  });

  test('leaves nothing in Redis that tells of the request', async () => {
    await aProcess().run(async () => 'row of a customer', never());
    await aProcess()
      .run(refusedSignIn(), never())
      .catch(() => undefined);

    const state = await redis.hgetall(keys.gate('acme', 'state'));
    expect(Object.keys(state)).toEqual(['arrivals']);
    expect(await redis.exists(keys.gate('acme', 'slots'), keys.gate('acme', 'line'), keys.gate('acme', 'seen'))).toBe(
      0,
    );
    expect(Object.keys(await redis.hgetall(keys.gate('acme', 'blocks')))).toEqual(['f1f1f1f1']);
  });

  function connect(): Redis {
    const connection = connectRedis(REDIS_URL, { name: 'test', role: 'commands' });
    connection.on('error', () => undefined);
    connections.push(connection);
    return connection;
  }

  function aProcess(changes: Partial<GateOptions> = {}): Gate {
    return aGate({ redis: changes.redis ?? connect(), keys }, changes);
  }

  async function slotEnd(): Promise<number> {
    return Number((await redis.zrange(keys.gate('acme', 'slots'), '0', '0', 'WITHSCORES'))[1]);
  }
});
