import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Fault } from '../../simulator/faults.js';
import { type Simulator, startSimulator } from '../../simulator/simulator.js';
import { ask, call, customerQuery, envelope, openSession, post, texts } from './raw-client.js';

let sim: Simulator;

beforeAll(async () => {
  sim = await startSimulator({ seed: 3 });
  sim.company.bulk('CUSTOMER', 20, (index) => ({ NAME: `n${index}` }));
});
afterAll(() => sim.stop());
afterEach(() => sim.faults.clear());

const ordered =
  '<orderby><order><field>WHENMODIFIED</field><ascending/></order><order><field>RECORDNO</field><ascending/></order></orderby>';
const request = (): string => envelope(sim, { content: customerQuery(ordered) });

describe('a fault', () => {
  test('befalls as many requests as it was told, and is counted', async () => {
    const fault = sim.faults.add({ kind: 'http-status', status: 503, retryAfterSeconds: 7 }, { times: 2, after: 1 });
    const statuses: number[] = [];
    for (let index = 0; index < 4; index += 1) statuses.push((await post(sim, request())).status);
    expect([statuses, fault.hits]).toEqual([[200, 503, 503, 200], 2]);
  });

  test('with a probability comes and goes the same way for the same seed', async () => {
    const run = async (): Promise<number[]> => {
      const other = await startSimulator({ seed: 5 });
      other.faults.add({ kind: 'http-status', status: 500 }, { probability: 0.5 });
      const statuses: number[] = [];
      for (let index = 0; index < 12; index += 1)
        statuses.push((await post(other, envelope(other, { content: customerQuery(ordered) }))).status);
      await other.stop();
      return statuses;
    };
    const first = await run();
    expect(new Set(first)).toEqual(new Set([200, 500]));
    expect(await run()).toEqual(first);
  });

  test('meant for one object leaves the other functions of the request alone', async () => {
    sim.faults.add(
      { kind: 'function-failure', error: { errorno: 'DL02000001', description2: 'error processing the request' } },
      { object: 'VENDOR' },
    );
    const vendors = call('<query><object>VENDOR</object><select><field>NAME</field></select></query>');
    expect(texts(await ask(sim, customerQuery('') + vendors), 'status')).toEqual([
      'success',
      'success',
      'success',
      'failure',
    ]);
  });

  test.each<[string, Fault]>([
    ['a reset before the answer', { kind: 'reset' }],
    ['a reset in the body', { kind: 'reset-in-body', afterBytes: 50 }],
    ['a body shorter than its Content-Length', { kind: 'wrong-content-length', by: 10 }],
  ])('breaks the connection by %s', async (_what, fault) => {
    sim.faults.add(fault);
    await expect(post(sim, request())).rejects.toThrow();
  });

  test.each<[string, Fault, (whole: string) => string | RegExp]>([
    ['an HTML page', { kind: 'html-page' }, () => /^<!DOCTYPE html>/],
    ['half a document', { kind: 'cut-body', atByte: 100 }, () => /^.{90,100}$/s],
    ['a second root', { kind: 'trailing' }, () => /<\/response><response>/],
    ['any body', { kind: 'body', body: '\uFEFF ' }, () => '\uFEFF '],
    ['a wrong count', { kind: 'wrong-count', by: 1 }, () => / count="21" /],
    ['another controlid', { kind: 'wrong-controlid' }, () => /f1-other/],
    ['no authentication', { kind: 'without-authentication' }, () => /<operation><result>/],
    ['an aborted function', { kind: 'function-aborted' }, () => /<status>aborted</],
  ])('answers %s', async (_what, fault, expected) => {
    sim.faults.add(fault);
    const { body } = await post(sim, request());
    const wanted = expected(body);
    if (typeof wanted === 'string') expect(body).toBe(wanted);
    else expect(body).toMatch(wanted);
  });

  test('ends all sessions', async () => {
    const session = `<sessionid>${await openSession(sim)}</sessionid>`;
    sim.faults.add({ kind: 'expire-session' });
    expect(await ask(sim, customerQuery(''), session)).toContain('Invalid session');
  });

  test('ignores the second order key', async () => {
    const keys = async (): Promise<string[]> => texts(await ask(sim, customerQuery(ordered)), 'RECORDNO');
    const right = await keys();
    sim.faults.always({ kind: 'ignore-second-order-key' });
    expect([await keys(), await keys()]).not.toEqual([right, right]);
  });

  test('answers XML to a request for json, or refuses json', async () => {
    const json = customerQuery('<options><returnformat>json</returnformat></options>');
    sim.faults.add({ kind: 'xml-instead-of-json' });
    expect((await post(sim, envelope(sim, { content: json }))).contentType).toContain('application/xml');
    sim.faults.add({ kind: 'refuse-json' });
    expect(texts(await ask(sim, json), 'status').at(-1)).toBe('failure');
  });

  test('reads from a replica that lags behind', async () => {
    sim.clock.freeze();
    sim.company.create('VENDOR', { NAME: 'new' });
    const vendors = call('<query><object>VENDOR</object><select><field>NAME</field></select></query>');
    sim.faults.add({ kind: 'stale-reads', byMs: 10_000 });
    expect(texts(await ask(sim, vendors), 'NAME')).toEqual([]);
    expect(texts(await ask(sim, vendors), 'NAME')).toEqual(['new']);
    sim.clock.run();
  });

  test('delays, and a request that is never answered does not outlive the simulator', async () => {
    const other = await startSimulator();
    other.faults.add({ kind: 'hang' });
    const hanging = post(other, envelope(other, { content: customerQuery('') }));
    hanging.catch(() => undefined);
    while (other.stats.counters.inFlight === 0) await new Promise((resolve) => setImmediate(resolve));
    await other.stop();
    await expect(hanging).rejects.toThrow();
    expect(other.stats.counters.inFlight).toBe(0);
  });
});

test('counts what is asked per function, and how many requests were in flight together', async () => {
  sim.stats.reset();
  await Promise.all([
    ask(sim, customerQuery('') + customerQuery('')),
    ask(sim, call('<lookup><object>VENDOR</object></lookup>')),
  ]);
  expect(sim.stats.counters).toMatchObject({
    httpRequests: 2,
    logins: 2,
    billed: 3,
    functions: { query: 2, lookup: 1 },
    queriesByObject: { CUSTOMER: 2 },
    rowsSent: 40,
    inFlight: 0,
  });
  expect(sim.stats.queries('CUSTOMER')[0]).toMatchObject({
    select: ['RECORDNO', 'NAME'],
    pageSize: 100,
    showPrivate: false,
  });
});

test('lets further requests wait for a slot and refuses them when the wait was in vain', async () => {
  const limited = await startSimulator({ concurrencyLimit: 1, concurrencyWaitMs: 20 });
  limited.faults.add({ kind: 'hang' });
  const hanging = post(limited, envelope(limited, { content: customerQuery('') }));
  hanging.catch(() => undefined);
  while (limited.stats.counters.inFlight === 0) await new Promise((resolve) => setImmediate(resolve));
  const refused = await post(limited, envelope(limited, { content: customerQuery('') }));
  expect([refused.status, texts(refused.body, 'errorno')]).toEqual([429, ['GW-0010']]);
  expect(limited.stats.counters).toMatchObject({ waited: 1, refusedByLimit: 1 });
  await limited.stop();
});

test('is driven from another process over HTTP', async () => {
  const control = (path: string, body?: unknown): Promise<unknown> =>
    fetch(
      `http://127.0.0.1:${sim.port}/_sim/${path}`,
      body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) },
    ).then((answer) => answer.json());
  const created = (await control('create', { object: 'ITEM', values: { NAME: 'Anchor' } })) as { key: string };
  expect(await control('update', { object: 'ITEM', key: created.key, values: { NAME: 'Bollard' } })).toMatchObject({
    values: { NAME: 'Bollard' },
  });
  expect(sim.company.find('ITEM', created.key)?.values['NAME']).toBe('Bollard');
  await control('faults', { fault: { kind: 'http-status', status: 524 }, rule: { object: 'ITEM' } });
  expect(
    (
      await post(
        sim,
        envelope(sim, { content: call('<query><object>ITEM</object><select><field>NAME</field></select></query>') }),
      )
    ).status,
  ).toBe(524);
  expect(await control('counters')).toMatchObject({ httpRequests: expect.any(Number) });
  expect(await control('create', { object: 'NOPE' })).toMatchObject({ error: expect.stringContaining('NOPE') });
});
