import https from 'node:https';
import type { LookupFunction } from 'node:net';
import { ClientConfig, Functions, OnlineClient, RequestConfig, SessionProvider } from '@intacct/intacct-sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SimClock } from '../simulator/clock.js';
import { selfSignedCertificate } from '../simulator/self-signed.js';
import { type Simulator, startSimulator } from '../simulator/simulator.js';

/**
 * Sage's own SDK judges the simulator: a client that nobody here wrote. It talks to `*.intacct.com` over https only, so this process,
 * and no other, resolves one such name to the loopback interface and trusts one certificate made for it.
 */
const HOST = 'api.intacct.com';
const { QueryFilter, QueryOrderBy, QuerySelect, Query } = Functions.Common.NewQuery;

const toLoopback: LookupFunction = (hostName, options, callback) => {
  if (hostName !== HOST) callback(new Error(`${hostName} is not to be reached from this test`), '', 0);
  else if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};

let sim: Simulator;
const agentOptions = https.globalAgent.options;
const agentBefore = { ca: agentOptions.ca, lookup: agentOptions.lookup };

beforeAll(async () => {
  const tls = selfSignedCertificate(HOST);
  sim = await startSimulator({
    tls,
    clock: SimClock.manual(Date.UTC(2026, 10, 22, 12)),
    entities: { '100-US': 'United States', '200-UK': 'United Kingdom' },
  });
  Object.assign(agentOptions, { ca: tls.cert, lookup: toLoopback });
  for (let index = 0; index < 7; index += 1) {
    sim.company.create('CUSTOMER', { NAME: `Customer ${index}`, CREDITLIMIT: `${index}000.00` });
    sim.clock.jump(1000);
  }
  sim.company.create(
    'CUSTOMER',
    { NAME: 'Günther & Söhne <1>', TOTALDUE: '12345678901234567890.12' },
    { entity: '200-UK' },
  );
});
afterAll(async () => {
  Object.assign(agentOptions, agentBefore);
  https.globalAgent.destroy();
  await sim.stop();
});

function config(changes: Partial<ClientConfig> = {}): ClientConfig {
  const { senderId, senderPassword, companyId, userId, userPassword } = sim.credentials;
  const endpointUrl = `https://${HOST}:${sim.port}/ia/xml/xmlgw.phtml`;
  return Object.assign(new ClientConfig(), {
    endpointUrl,
    senderId,
    senderPassword,
    companyId,
    userId,
    userPassword,
    ...changes,
  });
}

function query(object: string, fields: string[]): InstanceType<typeof Query> {
  const built = new Query();
  built.assignFromObject(object).assignSelectFields(new QuerySelect.SelectBuilder().addFields(fields).selects);
  return built;
}

/** What the SDK throws, to look at its list of errors. */
async function errorsOf(attempt: Promise<unknown>): Promise<{ message: string; errors: string[] }> {
  return attempt.then(
    () => {
      throw new Error('the SDK accepted the answer');
    },
    (error: { message: string; errors?: string[] }) => ({ message: error.message, errors: error.errors ?? [] }),
  );
}

describe('the official SDK', () => {
  test('signs in once and queries with filter and order over the session', async () => {
    sim.stats.reset();
    const session = await SessionProvider.factory(config());
    expect(session.sessionTimestamp).toBe('2026-11-22T12:00:07+00:00');
    const asked = query('CUSTOMER', ['RECORDNO', 'NAME', 'WHENMODIFIED']);
    asked
      .assignFilter(
        new QueryFilter.AndOperator([
          new QueryFilter.Filter('WHENMODIFIED').greaterThanOrEqualTo('11/22/2026 12:00:02'),
          new QueryFilter.Filter('CREDITLIMIT').lessThan('6000'),
        ]),
      )
      .assignOrderBy(new QueryOrderBy.OrderBuilder().addDescending('WHENMODIFIED').addAscending('RECORDNO').orders);
    const result = (await new OnlineClient(session).execute(asked)).getResult();
    expect(result.data.map((row) => row['NAME'])).toEqual(['Customer 5', 'Customer 4', 'Customer 3', 'Customer 2']);
    expect([result.totalCount, result.count, result.numRemaining]).toEqual([4, 4, 0]);
    expect(sim.stats.counters).toMatchObject({ httpRequests: 2, logins: 1, sessionsOpened: 1, billed: 1 });
  });

  test('pages by offset until nothing remains', async () => {
    const client = new OnlineClient(config());
    const names: string[] = [];
    let remaining = Number.POSITIVE_INFINITY;
    while (remaining > 0) {
      const page = query('CUSTOMER', ['NAME']);
      page
        .assignPageSize(3)
        .assignOffset(names.length)
        .assignOrderBy(new QueryOrderBy.OrderBuilder().addAscending('RECORDNO').orders);
      const result = (await client.execute(page)).getResult();
      names.push(...result.data.map((row) => String(row['NAME'])));
      remaining = result.numRemaining;
    }
    expect(names).toEqual([
      'Customer 0',
      'Customer 1',
      'Customer 2',
      'Customer 3',
      'Customer 4',
      'Customer 5',
      'Customer 6',
    ]);
  });

  test('reads text and a long amount as they are, in an entity session opened from the top-level one', async () => {
    const top = await SessionProvider.factory(config());
    const british = await SessionProvider.factory(config({ sessionId: top.sessionId, entityId: '200-UK' }));
    expect(british.entityId).toBe('200-UK');
    const own = query('CUSTOMER', ['NAME', 'TOTALDUE', 'MEGAENTITYID', 'COMMENTS']);
    own.assignFilter(new QueryFilter.Filter('NAME').like('G%'));
    const { data } = (await new OnlineClient(british).execute(own)).getResult();
    expect(data).toEqual([
      { NAME: 'Günther & Söhne <1>', TOTALDUE: '12345678901234567890.12', MEGAENTITYID: '200-UK', COMMENTS: '' },
    ]);
    expect((await new OnlineClient(top).execute(own)).getResult().data).toEqual([]);
    own.assignShowPrivate(true);
    expect((await new OnlineClient(top).execute(own)).getResult().data).toHaveLength(1);
  });

  test('signs in to an entity directly', async () => {
    const session = await SessionProvider.factory(config({ entityId: '100-US' }));
    const response = await new OnlineClient(session).execute(query('LOCATIONENTITY', ['LOCATIONID', 'NAME', 'STATUS']));
    expect(response.authentication.entityId).toBe('100-US');
    expect(
      response
        .getResult()
        .data.map((row) => row['LOCATIONID'])
        .sort(),
    ).toEqual(['100-US', '200-UK']);
  });

  test('looks up an object and sends several functions in one request, one of which fails', async () => {
    const lookup = new Functions.Common.Lookup();
    lookup.objectName = 'PROJECT';
    const response = await new OnlineClient(config()).executeBatch([
      lookup,
      query('NOPE', ['A']),
      query('CUSTOMER', ['NAME']),
    ]);
    const [definition, unknown, customers] = response.results;
    expect(definition?.data[0].Fields.Field.map((field: { ID: string }) => field.ID)).toEqual(
      expect.arrayContaining(['RECORDNO', 'WHENMODIFIED', 'MEGAENTITYID']),
    );
    expect(unknown?.status).toBe('failure');
    expect(unknown?.errors[0]).toContain('Object definition NOPE not found');
    expect(customers?.count).toBe(7);
  });

  test('reads what its results say when fields are refused', async () => {
    const refused = await errorsOf(
      new OnlineClient(config()).execute(query('CUSTOMER', ['NAME', 'NOPE', 'HIDEDISPLAYCONTACT'])),
    );
    expect(refused.errors).toHaveLength(2);
    expect(refused.errors[0]).toMatch(/^XL03000006 .*NOPE/);
  });

  test.each([
    [
      'a wrong sender',
      { senderPassword: 'wrong' },
      'Response control status failure',
      'Incorrect Intacct XML Partner ID or password.',
    ],
    [
      'a wrong user',
      { userPassword: 'wrong' },
      'Response authentication status failure',
      'Sign-in information is incorrect',
    ],
    ['a session that is over', { sessionId: 'long-gone' }, 'Response authentication status failure', 'Invalid session'],
  ])('understands the refusal of %s', async (_whom, changes, message, text) => {
    const refused = await errorsOf(new OnlineClient(config(changes)).execute(query('CUSTOMER', ['NAME'])));
    // Of control failures the SDK loses the list of errors on the way through its XML parser; the message keeps the text.
    expect(refused.message).toContain(message);
    expect(refused.message).toContain(text);
  });

  test('asks in vain when its transaction holds a function that fails', async () => {
    const request = Object.assign(new RequestConfig(), { transaction: true });
    const refused = await errorsOf(
      new OnlineClient(config()).executeBatch([query('CUSTOMER', ['NAME']), query('NOPE', ['A'])], request),
    );
    expect(refused.message).toMatch(/^Result status: failure/);
  });
});
