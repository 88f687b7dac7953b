import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';

import { Secret } from '../../../shared/secret.js';
import { createIntacctClient, type IntacctClientOptions, type RequestInfo } from '../../../worker/intacct/client.js';
import type { IntacctError } from '../../../worker/intacct/errors.js';
import { createHttpTransport } from '../../../worker/intacct/http.js';
import type { Query } from '../../../worker/intacct/query.js';
import {
  authenticationElement,
  controlFailure,
  dataElement,
  errorMessage,
  operation,
  page,
  resultElement,
  sessionResult,
  signInFailure,
} from './payloads.js';

const USER_PASSWORD = 'user p&w<1>"\'';
const closers: (() => void)[] = [];

afterEach(() => {
  while (closers.length > 0) closers.pop()?.();
});

interface Received {
  readonly body: string;
  readonly controlIds: readonly string[];
  /** `login`, or the session id. */
  readonly by: string;
  readonly number: number;
}

type Answer =
  | string
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  | 'hang'
  | 'break';

/** A small Intacct of its own: signs in and opens sessions; everything else is up to the test. */
async function company(answer: (request: Received) => Answer, signIn?: (request: Received) => Answer | undefined) {
  const received: Received[] = [];
  let sessions = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const controlIds = [...body.matchAll(/<function controlid="([^"]*)"/g)].map((match) => match[1] ?? '');
      const by = /<sessionid>(.*)<\/sessionid>/.exec(body)?.[1] ?? 'login';
      const seen: Received = { body, controlIds, by, number: received.length + 1 };
      received.push(seen);
      const isSignIn = body.includes('<getAPISession');
      const answered = isSignIn
        ? (signIn?.(seen) ?? operation(sessionResult(controlIds[0] ?? '', `session-${++sessions}`, endpoint)))
        : answer(seen);
      if (answered === 'break') request.socket.destroy();
      else if (typeof answered === 'string') {
        if (answered !== 'hang')
          response.setHeader('content-type', answered.startsWith('[') ? 'application/json' : 'text/xml').end(answered);
      } else response.writeHead(answered.status, answered.headers ?? {}).end(answered.body ?? '');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ia/xml/xmlgw.phtml`;
  const requests: RequestInfo[] = [];
  const waits: number[] = [];
  const options: IntacctClientOptions = {
    credentials: {
      senderId: 'acme-sender',
      senderPassword: new Secret('sender secret'),
      companyId: 'ACME',
      userId: 'bot',
      userPassword: new Secret(USER_PASSWORD),
    },
    endpoint,
    http: createHttpTransport(),
    monotonicNow: () => performance.now(),
    randomId: (() => {
      let last = 0;
      return () => `id-${++last}`;
    })(),
    timezoneOffsetMinutes: 0,
    onRequest: (info) => requests.push(info),
    wait: (ms) => {
      waits.push(ms);
      return Promise.resolve();
    },
    random: () => 0.5,
  };
  const client = createIntacctClient(options);
  closers.push(() => {
    client.close();
    server.closeAllConnections();
    server.close();
  });
  return { client, received, requests, waits, endpoint, options };
}

const bills: Query = { object: 'APBILL', select: ['RECORDNO', 'TOTALDUE'], pageSize: 100 };
const vendors: Query = { object: 'VENDOR', select: ['RECORDNO'], pageSize: 100 };
const bill = (received: Received) => page(['<RECORDNO>1</RECORDNO>'], received.controlIds[0]);

async function failureOf(promise: Promise<unknown>): Promise<IntacctError> {
  return await promise.then(
    () => {
      throw new Error('it succeeded');
    },
    (error: IntacctError) => error,
  );
}

describe('a query', () => {
  test('signs in once and sends all objects in one request, results in order', async () => {
    const { client, received, requests } = await company(({ controlIds }) =>
      operation(
        resultElement(dataElement(['<RECORDNO>1</RECORDNO>'], 'APBILL', 1, 41), controlIds[0]) +
          resultElement(dataElement([]), controlIds[1]),
      ),
    );
    const first = await client.query(null, [bills, vendors]);
    await client.query(null, [bills, vendors]);
    expect(
      first.map((settled) => settled.ok && [settled.value.rows.map((row) => row['RECORDNO']), settled.value.remaining]),
    ).toEqual([
      [['1'], 41],
      [[], 0],
    ]);
    expect(received.map(({ by }) => by)).toEqual(['login', 'session-1', 'session-1']);
    expect(requests.map(({ outcome, functions }) => [outcome, functions])).toEqual([
      ['ok', { getAPISession: 1 }],
      ['ok', { query: 2 }],
      ['ok', { query: 2 }],
    ]);
  });

  test('of a refused object leaves the others alone', async () => {
    const { client } = await company(({ controlIds }) =>
      operation(
        resultElement(
          errorMessage({ errorno: 'PL04000005', description2: 'No. [Support ID: s1]' }),
          controlIds[0],
          'failure',
        ) + resultElement(dataElement(['<RECORDNO>7</RECORDNO>']), controlIds[1]),
      ),
    );
    const [refused, answered] = await client.query(null, [bills, vendors]);
    expect(refused).toMatchObject({
      ok: false,
      error: {
        code: 'NOT_PERMITTED',
        action: 'blockStream',
        supportId: 's1',
        message: expect.stringContaining('APBILL'),
      },
    });
    expect(answered).toMatchObject({ ok: true, value: { rows: [{ RECORDNO: '7' }] } });
  });

  test('with refused fields names those that were asked for', async () => {
    const { client } = await company(({ controlIds }) =>
      operation(
        resultElement(
          errorMessage({ errorno: 'XL03000006', description2: 'Fields cannot be queried: TOTALDUE' }),
          controlIds[0],
          'failure',
        ),
      ),
    );
    expect(await client.query(null, [bills])).toMatchObject([
      { ok: false, error: { action: 'dropFields', fields: ['TOTALDUE'] } },
    ]);
  });

  test('whose count is wrong spoils its own page only', async () => {
    const { client } = await company(({ controlIds }) =>
      operation(
        resultElement(dataElement(['<A>1</A>'], 'APBILL', 2), controlIds[0]) +
          resultElement(dataElement([]), controlIds[1]),
      ),
    );
    expect(await client.query(null, [bills, vendors])).toMatchObject([
      { ok: false, error: { code: 'COUNT_MISMATCH' } },
      { ok: true },
    ]);
  });

  test('of nothing sends nothing', async () => {
    const { client, received } = await company(bill);
    expect(await client.query(null, [])).toEqual([]);
    expect(received).toHaveLength(0);
  });
});

describe('sessions', () => {
  test('a session that ended within a scan is replaced once, and the same page is asked again', async () => {
    const { client, received } = await company((request) =>
      request.by === 'session-1'
        ? signInFailure({ errorno: 'XL03000006', description2: 'Invalid session' })
        : bill(request),
    );
    expect(await client.query(null, [bills])).toMatchObject([{ ok: true }]);
    expect(received.map(({ by }) => by)).toEqual(['login', 'session-1', 'login', 'session-2']);
    const content = (index: number) => /<query>.*<\/query>/.exec(received[index]?.body ?? '')?.[0];
    expect(content(1)).toBe(content(3));
  });

  test('a new session that is invalid as well is left to the caller', async () => {
    const { client, received } = await company(() =>
      signInFailure({ errorno: 'XL03000006', description2: 'Invalid session' }),
    );
    expect(await failureOf(client.query(null, [bills]))).toMatchObject({ code: 'SESSION_LOST', action: 'retry' });
    expect(received).toHaveLength(4);
  });

  test('functions that all lost their session count as one lost session', async () => {
    const { client, received } = await company((request) =>
      request.by === 'session-1'
        ? operation(
            resultElement(
              errorMessage({ errorno: 'XL03000006', description2: 'Invalid session' }),
              request.controlIds[0],
              'failure',
            ),
          )
        : bill(request),
    );
    expect(await client.query(null, [bills])).toMatchObject([{ ok: true }]);
    expect(received).toHaveLength(4);
  });

  test('an entity is entered from the top level', async () => {
    const { client, received } = await company(bill);
    expect(await client.signIn('a&b<c>')).toMatchObject({ location: 'a&b<c>', companyId: 'ACME', userId: 'bot' });
    expect(received.map(({ by }) => by)).toEqual(['login', 'session-1']);
    expect(received[1]?.body).toContain('<getAPISession><locationid>a&amp;b&lt;c&gt;</locationid></getAPISession>');
  });

  test('a refused sign-in is sent once, then nothing is', async () => {
    const { client, received } = await company(bill, () =>
      signInFailure({ errorno: 'XL03000006', description2: 'Sign-in information is incorrect' }),
    );
    for (const attempt of [
      client.query(null, [bills]),
      client.query('100', [bills]),
      client.signIn(null),
      client.lookup(null, 'APBILL'),
    ]) {
      expect(await failureOf(attempt)).toMatchObject({ code: 'SIGN_IN_REFUSED', action: 'blockConnection' });
    }
    expect(await failureOf(client.query(null, [bills]))).toMatchObject({ code: 'SIGN_IN_REFUSED' });
    expect(received).toHaveLength(1);
    expect(received[0]?.body).toContain('<password>user p&amp;w&lt;1&gt;&quot;&apos;</password>');
  });

  test('a sign-in whose answer was lost is not sent again at once', async () => {
    const { client, received } = await company(bill, () => 'break');
    expect(await failureOf(client.query(null, [bills]))).toMatchObject({ action: 'retry' });
    expect(received).toHaveLength(1);
  });

  test('a sign-in that a gateway turned away is', async () => {
    const { client, received } = await company(bill, ({ number }) => (number === 1 ? { status: 503 } : undefined));
    expect(await client.query(null, [bills])).toMatchObject([{ ok: true }]);
    expect(received).toHaveLength(3);
  });

  test('a sender that is refused amid work stops everything', async () => {
    const { client, received } = await company(() =>
      controlFailure({ errorno: 'XL03000006', description2: 'Incorrect Intacct XML Partner ID or password.' }),
    );
    expect(await failureOf(client.query(null, [bills]))).toMatchObject({ code: 'SENDER_REFUSED' });
    expect(await failureOf(client.query('100', [bills]))).toMatchObject({ code: 'SENDER_REFUSED' });
    expect(received).toHaveLength(2);
    client.reset();
    await failureOf(client.query(null, [bills]));
    expect(received).toHaveLength(4);
  });

  test.each([
    'https://evilintacct.com/',
    'https://na12.intacct.com/ia/xml/xmlgw.phtml',
    'http://127.0.0.1:1/',
    'http://localhost.evil.io/',
  ])('an endpoint of %s in the answer gets no byte, and nobody else does', async (forged) => {
    const { client, received } = await company(bill, ({ controlIds }) =>
      operation(sessionResult(controlIds[0] ?? '', 'stolen', forged)),
    );
    expect(await failureOf(client.query(null, [bills]))).toMatchObject({
      code: 'ENDPOINT_REFUSED',
      action: 'blockConnection',
    });
    expect(await failureOf(client.query(null, [bills]))).toMatchObject({ code: 'ENDPOINT_REFUSED' });
    expect(received).toHaveLength(1);
  });

  test('an endpoint that is not encrypted is refused before anything is sent', async () => {
    const { options } = await company(bill);
    expect(() => createIntacctClient({ ...options, endpoint: 'http://api.intacct.com/' })).toThrow(
      expect.objectContaining({ code: 'ENDPOINT_REFUSED' }),
    );
  });
});

describe('trouble', () => {
  test('that passes is waited out with backoff and jitter', async () => {
    const { client, waits, requests } = await company((request) =>
      request.number < 4 ? { status: 502 } : bill(request),
    );
    expect(await client.query(null, [bills])).toMatchObject([{ ok: true }]);
    expect(waits).toEqual([250, 500]);
    expect(requests.map(({ outcome }) => outcome)).toEqual(['ok', 'GATEWAY_ERROR', 'GATEWAY_ERROR', 'ok']);
  });

  test('that stays is thrown after three attempts', async () => {
    const { client, received } = await company(() => '<html></html>');
    expect(await failureOf(client.query(null, [bills]))).toMatchObject({ code: 'NOT_INTACCT', action: 'retry' });
    expect(received).toHaveLength(1 + 3);
  });

  test.each<[string, Answer]>([
    ['a 524', { status: 524, body: '<html></html>' }],
    ['a cut body', page(['<A>1</A>']).slice(0, -30)],
  ])('of size is thrown at once, to be asked again smaller: %s', async (_what, answer) => {
    const { client, received } = await company(() => answer);
    expect(await failureOf(client.query(null, [bills]))).toMatchObject({ action: 'retry', smallerPage: true });
    expect(received).toHaveLength(2);
  });

  test('of too many requests is thrown at once, with the time to wait', async () => {
    const { client, received, waits } = await company(() => ({ status: 429, headers: { 'retry-after': '42' } }));
    expect(await failureOf(client.query(null, [bills]))).toMatchObject({ action: 'retryLater', retryAfterMs: 42_000 });
    expect(received).toHaveLength(2);
    expect(waits).toEqual([]);
  });

  test('with a long Retry-After is not slept through', async () => {
    const { client, received } = await company(() => ({ status: 503, headers: { 'retry-after': '600' } }));
    expect(await failureOf(client.query(null, [bills]))).toMatchObject({ action: 'retry', retryAfterMs: 600_000 });
    expect(received).toHaveLength(2);
  });

  test('with an answer to another request is none of ours', async () => {
    const { client } = await company(() => page(['<A>1</A>'], 'somebody else'));
    expect(await failureOf(client.query(null, [bills]))).toMatchObject({ code: 'UNEXPECTED_ANSWER' });
  });

  test('ends when the signal says so, in a request and in a pause', async () => {
    const inRequest = new AbortController();
    const first = await company(() => {
      inRequest.abort(new Error('stop'));
      return 'hang';
    });
    await expect(first.client.query(null, [bills], inRequest.signal)).rejects.toThrow('stop');

    const inPause = new AbortController();
    const second = await company(() => ({ status: 503 }));
    const client = createIntacctClient({
      ...second.options,
      wait: async (_ms, signal) => {
        inPause.abort(new Error('stop'));
        signal?.throwIfAborted();
      },
    });
    await expect(client.query(null, [bills], inPause.signal)).rejects.toThrow('stop');
    expect(second.received).toHaveLength(2);
  });

  test('leaves no password and no session id in errors, callbacks or the client itself', async () => {
    const echo = ({ by }: Received) =>
      controlFailure({ errorno: 'XL03000003', description2: `near sender secret ${by} user p&amp;w&lt;1&gt;"'` });
    const { client, requests } = await company(echo);
    const error = await failureOf(client.query(null, [bills]));
    expect(error).toMatchObject({
      code: 'REQUEST_REFUSED_BY_SCHEMA',
      action: 'bug',
      sageText: 'near [secret] [secret] [secret]',
    });
    const seen = [error, requests, client]
      .map((value) => inspect(value, { depth: 20, showHidden: true }) + JSON.stringify(value))
      .join();
    for (const secret of ['sender secret', 'session-1', USER_PASSWORD, 'p&w']) expect(seen).not.toContain(secret);
  });
});

describe('the rest', () => {
  test('lookup reads a definition, or throws its refusal', async () => {
    const { client } = await company(({ body, controlIds }) =>
      body.includes('<object>APBILL</object>')
        ? operation(
            resultElement(
              '<data><Type><Fields><Field><ID>RECORDNO</ID><DATATYPE>INTEGER</DATATYPE></Field></Fields></Type></data>',
              controlIds[0],
              'success',
              'lookup',
            ),
          )
        : operation(
            resultElement(
              errorMessage({ description2: 'Object definition INVOCIE not found' }),
              controlIds[0],
              'failure',
              'lookup',
            ),
          ),
    );
    expect(await client.lookup(null, 'APBILL')).toEqual({
      object: 'APBILL',
      fields: [{ id: 'RECORDNO', dataType: 'INTEGER' }],
    });
    expect(await failureOf(client.lookup(null, 'INVOCIE'))).toMatchObject({
      code: 'OBJECT_UNKNOWN',
      message: 'Sage Intacct does not know INVOCIE',
    });
  });

  test('the clock of the server comes with the first answer', async () => {
    const { client } = await company(bill);
    expect(client.serverNowMs()).toBeUndefined();
    await client.signIn(null);
    const nowMs = client.serverNowMs() ?? 0;
    expect(nowMs - Date.parse('2026-07-24T14:45:12Z')).toBeLessThan(5_000);
    expect(nowMs).toBeGreaterThanOrEqual(Date.parse('2026-07-24T14:45:12Z'));
  });

  test('a session is renewed from its own end, and one that ended already is not trusted', async () => {
    const past = authenticationElement('success', '<sessiontimeout>2026-07-24T14:00:00+00:00</sessiontimeout>');
    const { client, received } = await company(({ controlIds }) =>
      operation(resultElement(dataElement([]), controlIds[0]), past),
    );
    await client.query(null, [bills]);
    await client.query(null, [bills]);
    expect(received.map(({ by }) => by)).toEqual(['login', 'session-1', 'session-1']);
  });
});
