import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { connectRedis, type Redis } from '../../shared/redis.js';
import { Secret } from '../../shared/secret.js';
import { credentialsFingerprint } from '../../worker/state/fingerprint.js';
import type { Gate, GateOptions } from '../../worker/state/gate.js';
import { Keys } from '../../worker/state/keys.js';
import { aGate, never } from '../support/gates.js';
import { heldRequest, refusedSignIn } from '../support/requests.js';
import { until } from '../support/until.js';

const REDIS_URL = process.env['TEST_REDIS_URL'] ?? '';

describe('a refused sign-in', () => {
  let keys: Keys;
  let redis: Redis;
  let sent: number;

  beforeEach(() => {
    keys = new Keys(`t${randomUUID()}`);
    redis = connectRedis(REDIS_URL, { name: 'test', role: 'commands' });
    sent = 0;
  });

  afterEach(() => redis.disconnect());

  test('sends nothing after a refused sign-in, in any process', async () => {
    const processes = [aProcess({ limit: 3 }), aProcess({ limit: 3 }), aProcess({ limit: 3 })];
    const runs = processes.flatMap((gate) => Array.from({ length: 3 }, () => gate.run(refused, never())));

    const outcomes = await Promise.allSettled(runs);

    expect(sent).toBe(1);
    const codes = outcomes.map((outcome) => outcome.status === 'rejected' && (outcome.reason as { code: string }).code);
    expect(codes.filter((code) => code === 'SIGN_IN_REFUSED')).toHaveLength(1);
    expect(codes.filter((code) => code === 'CONNECTION_BLOCKED')).toHaveLength(8);
  });

  test('sends nothing after a restart, and says what Sage said and what to do', async () => {
    await expect(aProcess().run(refused, never())).rejects.toMatchObject({ code: 'SIGN_IN_REFUSED' });
    const restarted = aProcess();

    await expect(restarted.run(refused, never())).rejects.toMatchObject({
      code: 'CONNECTION_BLOCKED',
      reason: 'SIGN_IN_REFUSED',
      advice: 'Check the password.',
      sageText: 'Sign-in information is incorrect',
    });

    expect(sent).toBe(1);
    const { blocked } = await restarted.state();
    expect(blocked).toMatchObject({ code: 'SIGN_IN_REFUSED', fingerprint: 'f1f1f1f1' });
    expect(Math.abs((blocked?.atMs ?? 0) - Number((await redis.time())[0]) * 1_000)).toBeLessThan(60_000);
  });

  test('one function that tells of a refusal blocks the connection', async () => {
    const gate = aProcess();
    const error: unknown = await refusedSignIn()().catch((reason: unknown) => reason);
    await gate.run(
      async () => [
        { ok: true, value: 1 },
        { ok: false, error },
      ],
      never(),
    );

    await expect(gate.run(refused, never())).rejects.toMatchObject({ code: 'CONNECTION_BLOCKED' });
  });

  test('a request that goes well after another was refused does not unblock the connection', async () => {
    const gate = aProcess({ limit: 2 });
    await gate.run(async () => 'proof', never());
    const slow = heldRequest();
    const running = gate.run(slow.request, never());
    await until('it is in flight', () => slow.hasBegun());
    await expect(gate.run(refused, never())).rejects.toMatchObject({ code: 'SIGN_IN_REFUSED' });
    slow.finish();
    await running;

    await expect(gate.run(refused, never())).rejects.toMatchObject({ code: 'CONNECTION_BLOCKED' });
  });

  test('changed credentials go through, and a process that still has the old ones stays silent', async () => {
    const old = aProcess();
    await expect(old.run(refused, never())).rejects.toMatchObject({ code: 'SIGN_IN_REFUSED' });
    const changed = aProcess({ fingerprint: 'f2f2f2f2' });

    await expect(changed.run(async () => 'sent', never())).resolves.toBe('sent');

    expect((await changed.state()).blocked).toBeNull();
    for (const gate of [old, aProcess()]) {
      await expect(gate.run(refused, never())).rejects.toMatchObject({ code: 'CONNECTION_BLOCKED' });
    }
    expect(sent).toBe(1);
  });

  test('goes on when an operator resumes, after the memory of the refusal was wiped, and is refused only once more', async () => {
    const told: string[] = [];
    const gate = aProcess({ limit: 2, onResumed: () => told.push('resumed') });
    await expect(gate.run(refused, never())).rejects.toMatchObject({ code: 'SIGN_IN_REFUSED' });
    await aProcess().resume();
    expect((await gate.state()).blocked).toBeNull();

    await gate.run(async () => void told.push('sent'), never());
    await gate.run(async () => void told.push('sent'), never());
    expect(told).toEqual(['resumed', 'sent', 'sent']);

    await expect(gate.run(refused, never())).rejects.toMatchObject({ code: 'SIGN_IN_REFUSED' });
    await expect(gate.run(refused, never())).rejects.toMatchObject({ code: 'CONNECTION_BLOCKED' });
  });

  test('sends nothing when Redis was emptied, and tells the other processes again', async () => {
    const told: string[] = [];
    const gate = aProcess({ onResumed: () => told.push('resumed') });
    await expect(gate.run(refused, never())).rejects.toMatchObject({ code: 'SIGN_IN_REFUSED' });
    const before = (await gate.state()).blocked;
    await redis.del(keys.gate('acme', 'blocks'), keys.gate('acme', 'state'));

    await expect(gate.run(refused, never())).rejects.toMatchObject({ code: 'CONNECTION_BLOCKED' });
    await expect(aProcess().run(refused, never())).rejects.toMatchObject({ code: 'CONNECTION_BLOCKED' });

    expect((await gate.state()).blocked).toEqual(before);
    expect(told).toEqual([]);
  });

  test('sends nothing when the refusal could not be written because Redis was away', async () => {
    const away = connectRedis(REDIS_URL, { name: 'test', role: 'commands', options: { commandTimeout: 200 } });
    const troubles: unknown[] = [];
    const gate = aProcess({ redis: away, slotMs: 500, onTrouble: (error) => troubles.push(error) });
    await expect(
      gate.run(async () => {
        away.disconnect();
        return await refused();
      }, never()),
    ).rejects.toMatchObject({ code: 'SIGN_IN_REFUSED' });
    expect(troubles).toHaveLength(1);
    await away.connect();

    await expect(gate.run(refused, never())).rejects.toMatchObject({ code: 'CONNECTION_BLOCKED' });

    expect((await aProcess().state()).blocked).toMatchObject({ code: 'SIGN_IN_REFUSED' });
    away.disconnect();
  });

  test('a block that nobody can read is still a block', async () => {
    await redis.hset(keys.gate('acme', 'blocks'), 'f1f1f1f1', 'garbage');

    await expect(aProcess().run(refused, never())).rejects.toMatchObject({
      code: 'CONNECTION_BLOCKED',
      reason: 'UNKNOWN',
    });
  });

  test('remembers a few refused credentials, not all of them for ever', async () => {
    for (let number = 10; number < 22; number += 1) {
      await expect(aProcess({ fingerprint: `f${number}` }).run(refused, never())).rejects.toMatchObject({
        code: 'SIGN_IN_REFUSED',
      });
    }

    expect(await redis.hlen(keys.gate('acme', 'blocks'))).toBe(8);
    await expect(aProcess({ fingerprint: 'f21' }).run(refused, never())).rejects.toMatchObject({
      code: 'CONNECTION_BLOCKED',
    });
  });

  async function refused(): Promise<never> {
    sent += 1;
    return await refusedSignIn()();
  }

  function aProcess(changes: Partial<GateOptions> = {}): Gate {
    return aGate({ redis, keys }, changes);
  }
});

describe('the fingerprint of credentials', () => {
  const parts = {
    endpoint: 'https://api.intacct.com/ia/xml/xmlgw.phtml',
    senderId: 'acme-sender',
    senderPassword: new Secret('p&w<1>"\''),
    companyId: 'ACME',
    userId: 'bot',
    userPassword: new Secret('correct horse'),
  };

  test('changes with every part, and is the same in every process', async () => {
    const original = await credentialsFingerprint(parts);
    const others = await Promise.all([
      credentialsFingerprint({ ...parts, endpoint: 'https://other.intacct.com/' }),
      credentialsFingerprint({ ...parts, senderId: 'other' }),
      credentialsFingerprint({ ...parts, senderPassword: new Secret('other') }),
      credentialsFingerprint({ ...parts, companyId: 'other' }),
      credentialsFingerprint({ ...parts, userId: 'other' }),
      credentialsFingerprint({ ...parts, userPassword: new Secret('other') }),
    ]);

    expect(new Set([original, ...others]).size).toBe(7);
    expect(await credentialsFingerprint({ ...parts })).toBe(original);
    expect(original).toMatch(/^[0-9a-f]{8}$/);
  });
});
