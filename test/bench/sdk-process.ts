import https from 'node:https';
import type { LookupFunction } from 'node:net';
import { ClientConfig, Functions, OnlineClient, SessionProvider } from '@intacct/intacct-sdk';
import { Queue } from 'bullmq';
import { DEFAULT_EVENTS_QUEUE } from '../../shared/queues.js';
import { CUSTOMER_FIELDS, PAGE_SIZE, SDK_HOST, type SdkSetting } from './setting.js';

/**
 * What one would write with Sage's own SDK and BullMQ: pages by offset in the order of the modified time, one job per row, a page at
 * a time. It keeps no state, sees no crash through and drops no duplicate of a run before; it is here for its speed alone.
 */
const { QueryFilter, QueryOrderBy, QuerySelect, Query } = Functions.Common.NewQuery;
const FIELDS = `${CUSTOMER_FIELDS} MEGAENTITYKEY MEGAENTITYID MEGAENTITYNAME`
  .split(' ')
  .map((word) => word.split(':')[0] ?? '');

const toLoopback: LookupFunction = (_hostName, options, callback) => {
  if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};

async function main({ port, certificate, credentials, redisUrl, since }: SdkSetting): Promise<void> {
  Object.assign(https.globalAgent.options, { ca: certificate, lookup: toLoopback });
  const queue = new Queue(DEFAULT_EVENTS_QUEUE, { connection: { url: redisUrl } });
  await queue.waitUntilReady();
  const endpointUrl = `https://${SDK_HOST}:${port}/ia/xml/xmlgw.phtml`;
  const session = await SessionProvider.factory(Object.assign(new ClientConfig(), { endpointUrl, ...credentials }));
  const client = new OnlineClient(session);

  let offset = 0;
  for (let remaining = 1; remaining > 0; ) {
    const page = new Query();
    page
      .assignFromObject('CUSTOMER')
      .assignSelectFields(new QuerySelect.SelectBuilder().addFields(FIELDS).selects)
      .assignFilter(new QueryFilter.Filter('WHENMODIFIED').greaterThanOrEqualTo(since))
      .assignOrderBy(new QueryOrderBy.OrderBuilder().addAscending('WHENMODIFIED').addAscending('RECORDNO').orders)
      .assignShowPrivate(true)
      .assignPageSize(PAGE_SIZE)
      .assignOffset(offset);
    const { data, numRemaining } = (await client.execute(page)).getResult();
    await queue.addBulk(
      data.map((row: Record<string, string>) => ({
        name: 'customer.changed',
        data: row,
        opts: {
          jobId: `CUSTOMER-${row['RECORDNO']}-${Date.parse(`${row['WHENMODIFIED']} UTC`)}`,
          attempts: 10,
          backoff: { type: 'exponential', delay: 1_000 },
        },
      })),
    );
    offset += data.length;
    remaining = numRemaining;
  }
  await queue.close();
}

await main(JSON.parse(process.argv[2] ?? '{}') as SdkSetting);
process.exit(0);
