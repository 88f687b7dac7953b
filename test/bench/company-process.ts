import { defineObject } from '../simulator/catalogue.js';
import type { Values } from '../simulator/company.js';
import { selfSignedCertificate } from '../simulator/self-signed.js';
import { type Simulator, startSimulator } from '../simulator/simulator.js';
import { type CompanyAddress, type CompanySetting, CUSTOMER_FIELDS } from './setting.js';

/**
 * A simulated company in a process of its own: what it costs to play Intacct must not be counted for whoever asks it. It speaks TLS,
 * as Sage does. Ends with the process that started it.
 */
const READY_AGO_MS = 60_000;
const LOOK_EVERY_MS = 2;

async function main(setting: CompanySetting): Promise<void> {
  const { key, cert } = selfSignedCertificate(setting.host);
  const { latencyMs } = setting;
  const simulator = await startSimulator({ latencyMs, tls: { key, cert }, entities: { '100-US': 'United States' } });
  simulator.company.define(
    defineObject('CUSTOMER', CUSTOMER_FIELDS, {
      naturalKey: { field: 'CUSTOMERID', prefix: 'C-' },
      defaults: { STATUS: 'active', CREATEDBY: '1', MODIFIEDBY: '1' },
    }),
  );
  fill(simulator, setting);
  process.on('message', (question) => {
    if (question === 'counters') process.send?.({ counters: simulator.stats.counters });
    if (question === 'reset') simulator.stats.reset();
  });
  process.on('disconnect', () => process.exit(0));
  const { url, port, credentials } = simulator;
  const address: CompanyAddress = { url: url.replace('127.0.0.1', setting.host), port, certificate: cert, credentials };
  process.send?.({ address });
  tellFirstQuery(simulator);
}

/** A backlog that ends a minute ago, so that it is settled for whoever waits for that. */
function fill({ company, clock }: Simulator, { customers, perSecond }: CompanySetting): void {
  const lastMs = clock.now() - READY_AGO_MS;
  const names = CUSTOMER_FIELDS.split(' ').map((word) => word.split(':')[0] ?? '');
  const texts = names.filter((name) => !/^(RECORDNO|CUSTOMERID|STATUS|CREATEDBY|MODIFIEDBY|WHEN\w+)$/.test(name));
  company.bulk(
    'CUSTOMER',
    customers,
    (index): Values =>
      Object.fromEntries(
        texts.map((name, column) => [name, name.endsWith('DUE') ? `${index}.10` : textAt(index, column)]),
      ),
    (index) => ({ entity: '100-US', stampedAtMs: lastMs - Math.floor((customers - 1 - index) / perSecond) * 1000 }),
  );
}

/** A third of the fields are empty, as they are in real companies; some text needs escaping. */
function textAt(index: number, column: number): string | null {
  if (column % 3 === 2) return null;
  return column % 10 === 0 ? `Müller & Söhne ${index}-${column}` : `Value ${index} of field ${column}`;
}

/** Where measuring begins: the moment the first query has arrived. */
function tellFirstQuery({ stats }: Simulator): void {
  const timer = setInterval(() => {
    const first = stats.log.find(({ functions }) => functions.some(({ name }) => name === 'query'));
    if (first === undefined) return;
    clearInterval(timer);
    process.send?.({ firstQueryAtMs: first.atMs });
  }, LOOK_EVERY_MS);
}

await main(JSON.parse(process.argv[2] ?? '{}') as CompanySetting);
