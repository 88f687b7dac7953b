import { describe, expect, test } from '@jest/globals';

import { Secret } from '../../../shared/secret.js';
import { INVALID_SESSION, TOP_LEVEL_REFUSED } from '../../../worker/intacct/classify.js';
import { type ErrorAction, IntacctError } from '../../../worker/intacct/errors.js';
import { type Session, type SessionRequest, Sessions } from '../../../worker/intacct/sessions.js';

const refusal = (code: string, action: ErrorAction) =>
  new IntacctError(code, { code, action, level: 'authentication', advice: '' });

/** Sessions over a scripted server; what was sent is told as `login:null` or `session:100 from 1`. */
function sessions(
  script: (request: SessionRequest, sent: number) => IntacctError | undefined = () => undefined,
  lifetimeMs?: number,
) {
  const clock = { nowMs: 0 };
  const sent: string[] = [];
  const instance = new Sessions({
    monotonicNow: () => clock.nowMs,
    open: async (request, number) => {
      sent.push(
        request.by === 'login'
          ? `login:${request.location}`
          : `session:${request.location} from ${request.from.number}`,
      );
      await Promise.resolve();
      const error = script(request, sent.length);
      if (error !== undefined) throw error;
      const session: Session = {
        number,
        location: request.location,
        id: new Secret(`id-${number}`),
        endpoint: new URL('https://api.intacct.com/'),
        companyId: 'ACME',
        userId: 'bot',
      };
      return { session, remainingMs: lifetimeMs };
    },
  });
  return { clock, sent, instance };
}

describe('sessions', () => {
  test('of all locations come from one login', async () => {
    const { sent, instance } = sessions();
    await instance.get('100');
    await instance.get('200');
    await instance.get(null);
    await instance.get('100');
    expect(sent).toEqual(['login:null', 'session:100 from 1', 'session:200 from 1']);
  });

  test('asked for at the same time share one sign-in', async () => {
    const { sent, instance } = sessions();
    const all = await Promise.all([null, '100', '100', null, '200'].map((location) => instance.get(location)));
    expect(sent).toEqual(['login:null', 'session:100 from 1', 'session:200 from 1']);
    expect(all[1]).toBe(all[2]);
  });

  test('end a little before Sage ends them, and slide with each answer', async () => {
    const { clock, sent, instance } = sessions(() => undefined, 7_200_000);
    const session = await instance.get(null);
    clock.nowMs = 7_000_000;
    expect(await instance.get(null)).toBe(session);
    instance.renew(session, 7_200_000);
    clock.nowMs = 14_000_000;
    expect(await instance.get(null)).toBe(session);
    clock.nowMs = 7_000_000 + 7_200_000 - 60_000;
    await instance.get(null);
    expect(sent).toHaveLength(2);
  });

  test('without an end are kept until they are dropped', async () => {
    const { clock, sent, instance } = sessions();
    const session = await instance.get(null);
    clock.nowMs = 10 * 86_400_000;
    instance.renew(session, undefined);
    expect(await instance.get(null)).toBe(session);
    instance.drop(session);
    const next = await instance.get(null);
    instance.drop(session);
    expect(await instance.get(null)).toBe(next);
    expect(sent).toHaveLength(2);
  });

  test('of a location survive the end of the session they came from', async () => {
    const ended = { number: 1 };
    const { sent, instance } = sessions((request) =>
      request.by === 'session' && request.from.number === ended.number
        ? refusal(INVALID_SESSION, 'newSession')
        : undefined,
    );
    await instance.get('100');
    expect(sent).toEqual(['login:null', 'session:100 from 1', 'login:null', 'session:100 from 3']);
  });
});

describe('a refused sign-in', () => {
  test('is never sent again, whoever asks, until an operator resumes', async () => {
    let password = 'wrong';
    const { sent, instance } = sessions(() =>
      password === 'wrong' ? refusal('SIGN_IN_REFUSED', 'blockConnection') : undefined,
    );
    const first = Promise.allSettled([
      instance.get(null),
      instance.get('100'),
      instance.get('200'),
      instance.get(null),
    ]);
    expect((await first).map(({ status }) => status)).toEqual(Array(4).fill('rejected'));
    for (const location of [null, '100', '300', null]) {
      await expect(instance.get(location)).rejects.toThrow(expect.objectContaining({ code: 'SIGN_IN_REFUSED' }));
    }
    expect(sent).toEqual(['login:null']);
    password = 'right';
    await expect(instance.get(null)).rejects.toThrow();
    instance.reset();
    await instance.get(null);
    expect(sent).toHaveLength(2);
  });

  test('is one as well when the request itself was called malformed', async () => {
    const { sent, instance } = sessions(() => refusal('REQUEST_MALFORMED', 'bug'));
    await expect(instance.get(null)).rejects.toThrow();
    await expect(instance.get(null)).rejects.toThrow();
    expect(sent).toHaveLength(1);
  });

  test('is not one when the network failed', async () => {
    const { sent, instance } = sessions((_request, count) =>
      count === 1 ? refusal('CONNECT_FAILED', 'retry') : undefined,
    );
    await expect(instance.get(null)).rejects.toThrow();
    await instance.get(null);
    expect(sent).toHaveLength(2);
  });

  test('of one entity leaves the others alone', async () => {
    const { sent, instance } = sessions((request) =>
      request.location === '9' ? refusal('LOCATION_REFUSED', 'blockStream') : undefined,
    );
    await expect(instance.get('9')).rejects.toThrow();
    await instance.get('100');
    expect(sent).toEqual(['login:null', 'session:9 from 1', 'session:100 from 1']);
  });
});

describe('a user without the top level', () => {
  const restricted = (request: SessionRequest) =>
    request.by === 'login' && request.location === null ? refusal(TOP_LEVEL_REFUSED, 'blockConnection') : undefined;

  test('signs in to each entity, and asks for the top level only once', async () => {
    const { sent, instance } = sessions(restricted);
    await instance.get('100');
    await instance.get('200');
    await expect(instance.get(null)).rejects.toThrow(expect.objectContaining({ code: TOP_LEVEL_REFUSED }));
    await instance.get('100');
    expect(sent).toEqual(['login:null', 'login:100', 'login:200']);
  });
});

describe('stopping', () => {
  test('a caller who goes away does not take the shared sign-in along', async () => {
    const { sent, instance } = sessions();
    const controller = new AbortController();
    const gone = instance.get(null, controller.signal);
    const stays = instance.get(null);
    controller.abort(new Error('gone'));
    await expect(gone).rejects.toThrow('gone');
    expect((await stays).number).toBe(1);
    expect(sent).toHaveLength(1);
  });
});
