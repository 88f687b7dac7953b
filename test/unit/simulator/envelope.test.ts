import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SimClock } from '../../simulator/clock.js';
import { type Simulator, startSimulator } from '../../simulator/simulator.js';
import { ask, call, customerQuery, envelope, login, openSession, post, texts } from './raw-client.js';

const NOON = Date.UTC(2026, 10, 22, 12, 0, 0);
let sim: Simulator;

beforeAll(async () => {
  sim = await startSimulator({ clock: SimClock.manual(NOON), entities: { '100-US': 'United States' } });
});
afterAll(() => sim.stop());

const lookup = call('<lookup><object>CUSTOMER</object></lookup>');
const control = (inner: string): string => envelope(sim, { control: inner, content: lookup });
const head = (): string =>
  `<senderid>${sim.credentials.senderId}</senderid><password>${sim.credentials.senderPassword}</password>`;

describe('what the schema refuses as a whole', () => {
  const refusals: [string, () => string][] = [
    ['text that is not XML', () => 'hello'],
    ['bad nesting', () => '<request><control></request></control>'],
    ['two roots', () => `${envelope(sim, { content: lookup })}<request/>`],
    [
      'a document type',
      () => envelope(sim, { content: lookup }).replace('?>', '?><!DOCTYPE request [<!ENTITY a "b">]>'),
    ],
    ['another root', () => '<response/>'],
    [
      'control children in another order',
      () =>
        control(
          `${head()}<uniqueid>false</uniqueid><controlid>c</controlid><dtdversion>3.0</dtdversion><includewhitespace>false</includewhitespace>`,
        ),
    ],
    [
      'a missing dtdversion',
      () =>
        control(
          `${head()}<controlid>c</controlid><uniqueid>false</uniqueid><includewhitespace>false</includewhitespace>`,
        ),
    ],
    [
      'another dtdversion',
      () =>
        control(
          `${head()}<controlid>c</controlid><uniqueid>false</uniqueid><dtdversion>2.1</dtdversion><includewhitespace>false</includewhitespace>`,
        ),
    ],
    [
      'a control id of 257 characters',
      () =>
        control(
          `${head()}<controlid>${'c'.repeat(257)}</controlid><uniqueid>false</uniqueid><dtdversion>3.0</dtdversion><includewhitespace>false</includewhitespace>`,
        ),
    ],
    [
      'login children in another order',
      () =>
        envelope(sim, {
          content: lookup,
          authentication: '<login><companyid>c</companyid><userid>u</userid><password>p</password></login>',
        }),
    ],
    [
      'a location before a client',
      () =>
        envelope(sim, {
          content: lookup,
          authentication: login(sim, 'x').replace('</login>', '<clientid>c</clientid></login>'),
        }),
    ],
    [
      'login and session together',
      () => envelope(sim, { content: lookup, authentication: `${login(sim)}<sessionid>s</sessionid>` }),
    ],
    ['no function', () => envelope(sim, { content: '' })],
    [
      'a function without controlid',
      () => envelope(sim, { content: '<function><lookup><object>CUSTOMER</object></lookup></function>' }),
    ],
    [
      'two bodies in one function',
      () => envelope(sim, { content: call('<lookup><object>A</object></lookup><lookup><object>B</object></lookup>') }),
    ],
    ['a query without select', () => envelope(sim, { content: call('<query><object>CUSTOMER</object></query>') })],
    ['an empty select', () => envelope(sim, { content: call('<query><object>CUSTOMER</object><select/></query>') })],
    [
      'a query without object',
      () => envelope(sim, { content: call('<query><select><field>A</field></select></query>') }),
    ],
    ['an unknown child of query', () => envelope(sim, { content: customerQuery('<limit>1</limit>') })],
    ['a child of query twice', () => envelope(sim, { content: customerQuery('<offset>1</offset><offset>2</offset>') })],
    [
      'two operators under filter',
      () =>
        envelope(sim, {
          content: customerQuery(
            '<filter><isnull><field>NAME</field></isnull><isnull><field>NAME</field></isnull></filter>',
          ),
        }),
    ],
    ['an empty filter', () => envelope(sim, { content: customerQuery('<filter/>') })],
    [
      'and with one child',
      () =>
        envelope(sim, { content: customerQuery('<filter><and><isnull><field>NAME</field></isnull></and></filter>') }),
    ],
    [
      'between with three values',
      () =>
        envelope(sim, {
          content: customerQuery(
            '<filter><between><field>NAME</field><value>a</value><value>b</value><value>c</value></between></filter>',
          ),
        }),
    ],
    [
      'isnull with a value',
      () =>
        envelope(sim, {
          content: customerQuery('<filter><isnull><field>NAME</field><value>a</value></isnull></filter>'),
        }),
    ],
    [
      'an operator that does not exist',
      () =>
        envelope(sim, {
          content: customerQuery('<filter><equals><field>NAME</field><value>a</value></equals></filter>'),
        }),
    ],
    [
      'options in another order',
      () =>
        envelope(sim, {
          content: customerQuery(
            '<options><showprivate>true</showprivate><caseinsensitive>true</caseinsensitive></options>',
          ),
        }),
    ],
    [
      'an order without direction',
      () => envelope(sim, { content: customerQuery('<orderby><order><field>NAME</field></order></orderby>') }),
    ],
    ['a page size in words', () => envelope(sim, { content: customerQuery('<pagesize>many</pagesize>') })],
  ];
  test.each(refusals)('%s', async (_what, body) => {
    const answer = await post(sim, body());
    expect([answer.status, texts(answer.body, 'errorno')]).toEqual([200, ['XL03000003']]);
    expect(answer.body).toContain('<control><status>failure</status>');
    expect(answer.body).toContain('XML Parse schema error');
    expect(answer.body).not.toContain('<operation>');
  });
});

describe('an envelope', () => {
  test('may carry a policy, additional error info and an empty docparid', async () => {
    const full = `${head()}<controlid>c</controlid><uniqueid>false</uniqueid><dtdversion>3.0</dtdversion><policyid>p</policyid><includewhitespace>false</includewhitespace><showadditionalerrorinfo>true</showadditionalerrorinfo>`;
    const { body } = await post(
      sim,
      envelope(sim, { control: full, content: customerQuery('<docparid></docparid>', '<field>NOPE</field>') }),
    );
    expect(texts(body, 'errorid')).toEqual(['XL03000006']);
    expect(texts(body, 'category')).toHaveLength(1);
  });

  test('is answered with the server clock, the end of the session and results in order with their controlids', async () => {
    const body = await ask(
      sim,
      call('<lookup><object>CUSTOMER</object></lookup>', 'same') +
        call('<lookup><object>NOPE</object></lookup>', 'same') +
        customerQuery(''),
    );
    expect(texts(body, 'sessiontimestamp')).toEqual(['2026-11-22T12:00:00+00:00']);
    expect(texts(body, 'sessiontimeout')).toEqual(['2026-11-22T14:00:00+00:00']);
    expect(texts(body, 'controlid')).toEqual(['request-1', 'same', 'same', 'f1']);
    expect(texts(body, 'status')).toEqual(['success', 'success', 'success', 'failure', 'success']);
  });

  test('is gzipped when the client accepts it', async () => {
    const answer = await post(sim, envelope(sim, { content: lookup }), { 'Accept-Encoding': 'gzip' });
    expect([answer.encoding, texts(answer.body, 'ID')[0]]).toEqual(['gzip', 'RECORDNO']);
  });

  test('is refused at the gateway with another content type or method', async () => {
    expect(await post(sim, envelope(sim, { content: lookup }), { 'Content-Type': 'application/json' })).toMatchObject({
      status: 400,
      body: expect.stringContaining('GW-0011'),
    });
  });

  test('with uniqueid true refuses a controlid it has seen, so that a retry fails', async () => {
    const unique = `${head()}<controlid>c</controlid><uniqueid>true</uniqueid><dtdversion>3.0</dtdversion><includewhitespace>false</includewhitespace>`;
    const request = envelope(sim, {
      control: unique,
      content: call('<lookup><object>CUSTOMER</object></lookup>', 'once'),
    });
    expect(texts((await post(sim, request)).body, 'status').at(-1)).toBe('success');
    expect(texts((await post(sim, request)).body, 'status').at(-1)).toBe('failure');
  });

  test('as a transaction aborts the functions that went well when one fails', async () => {
    const operation = `<operation transaction="true"><authentication>${login(sim)}</authentication><content>${lookup}${call('<lookup><object>NOPE</object></lookup>')}</content></operation>`;
    const { body } = await post(sim, envelope(sim, { operation }));
    expect(texts(body, 'status')).toEqual(['success', 'success', 'aborted', 'failure']);
    expect(texts(body, 'errorno')[0]).toBe('XL03000009');
  });

  test('never shows a password in the log of requests', async () => {
    await ask(sim, lookup);
    const kept = JSON.stringify(sim.stats.log);
    expect(kept).toContain('lookup');
    expect(kept).not.toContain(sim.credentials.userPassword);
    expect(kept).not.toContain(sim.credentials.senderPassword);
  });
});

describe('signing in', () => {
  const swap = (from: string, to: string): string => envelope(sim, { content: lookup }).replace(from, to);
  test('fails at the control level for a wrong sender', async () => {
    const { body } = await post(sim, swap('sender-password', 'wrong'));
    expect(body).toContain('<response><control><status>failure</status>');
    expect(body).toMatch(/Incorrect Intacct XML Partner ID or password\. \[Support ID: /);
  });

  test.each([
    ['user', 'trigger-user'],
    ['company', 'simulated-company'],
    ['password', 'user-password'],
  ])('fails alike for a wrong %s, with the errors beside authentication', async (_what, right) => {
    const before = sim.stats.counters.failedLogins;
    const { body } = await post(sim, swap(right, 'wrong'));
    expect(body).toContain('</authentication><errormessage><error><errorno>XL03000006</errorno>');
    expect(body).toContain('Sign-in information is incorrect');
    expect(sim.stats.counters.failedLogins).toBe(before + 1);
  });

  test('fails while the company has not authorised the sender', async () => {
    sim.behaviour.senderAuthorised = false;
    expect(await ask(sim, lookup)).toContain('Invalid Web Services Authorization');
    sim.behaviour.senderAuthorised = true;
  });

  test('opens a session that slides with use, ends when unused, and needs a function of its own', async () => {
    const session = `<sessionid>${await openSession(sim)}</sessionid>`;
    sim.clock.jump(100 * 60_000);
    expect(texts(await ask(sim, lookup, session), 'sessiontimeout')).toEqual(['2026-11-22T15:40:00+00:00']);
    sim.clock.jump(100 * 60_000);
    expect(texts(await ask(sim, lookup, session), 'status')).not.toContain('failure');
    sim.clock.jump(121 * 60_000);
    const over = await ask(sim, lookup, session);
    expect(over).toContain('<errorno>XL03000006</errorno>');
    expect(over).toContain('Invalid session');
    expect(texts(await ask(sim, call('<getAPISession/>') + lookup), 'status')).toEqual([
      'success',
      'success',
      'failure',
      'success',
    ]);
  });

  test('goes to an entity and back to the top level from one session', async () => {
    const opened = await ask(sim, call('<getAPISession><locationid>100-US</locationid></getAPISession>'));
    expect([texts(opened, 'locationid').at(-1), texts(opened, 'endpoint')]).toEqual(['100-US', [sim.url]]);
    const entity = `<sessionid>${texts(opened, 'sessionid')[0]}</sessionid>`;
    expect(texts(await ask(sim, call('<getAPISession/>'), entity), 'locationid').at(-1)).toBe('100-US');
    expect(
      texts(await ask(sim, call('<getAPISession><locationid/></getAPISession>'), entity), 'locationid').at(-1),
    ).toBe('');
    expect(
      texts(
        await ask(sim, call('<getAPISession><locationid>900-XX</locationid></getAPISession>'), entity),
        'status',
      ).at(-1),
    ).toBe('failure');
  });

  test('refuses the top level to a user restricted to entities', async () => {
    sim.behaviour.restrictedTo = ['100-US'];
    expect(texts(await ask(sim, lookup), 'status')).toEqual(['success', 'failure']);
    expect(texts(await ask(sim, lookup, login(sim, '100-US')), 'status')).not.toContain('failure');
    sim.behaviour.restrictedTo = null;
  });
});
