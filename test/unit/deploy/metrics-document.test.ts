import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { DEFINITIONS, PREFIX } from '../../../worker/metrics/definitions.js';
import { createMetrics } from '../../../worker/metrics.js';
import { aStream } from '../../support/streams.js';

const DOCUMENT = readFileSync(new URL('../../../deploy/METRICS.md', import.meta.url), 'utf8');

/** A line of a table: name, type, labels if it has any. */
interface Line {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly aggregation: string | undefined;
}

const LINES: readonly Line[] = [...DOCUMENT.matchAll(/^\| `(\w+)` \| (\w+) \|(?: (.*?) \| .* \| (.*?) \|)?$/gm)].map(
  ([, name = '', type = '', labels = '', aggregation]) => ({
    name,
    type,
    labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label),
    aggregation,
  }),
);

test('METRICS.md names every metric of a real registry with its type, and none that does not exist', async () => {
  const text = await aRegistry().render();
  const exist = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => `${name} ${type}`);
  const told = LINES.map(({ name, type }) => `${name} ${type}`);

  expect(exist.filter((metric) => !told.includes(metric))).toEqual([]);
  // Some of the process exist on Linux only, and the others are told as they are.
  const here = told.filter((metric) => process.platform === 'linux' || !metric.startsWith('process_'));
  expect(here.filter((metric) => !exist.includes(metric))).toEqual([]);
});

test('METRICS.md names the labels of every metric, and how to aggregate it over replicas', () => {
  const own = LINES.filter(({ name }) => name.startsWith(PREFIX));
  const labels = Object.fromEntries(own.map((line) => [line.name.slice(PREFIX.length), line.labels]));

  expect(labels).toEqual(Object.fromEntries(Object.entries(DEFINITIONS).map(([name, one]) => [name, one.labels])));
  expect(own.filter(({ aggregation }) => !/^(sum|max|min|count)/.test(aggregation ?? ''))).toEqual([]);
});

test('series that alerts count on begin at 0, so that their first increase is one', async () => {
  const text = await aRegistry().render();
  const stream = 'connection="acme",location="all",object="CUSTOMER"';

  expect(text).toContain(`intacct_trigger_records_rejected_total{${stream},reason="missing_key"} 0`);
  expect(text).toContain(`intacct_trigger_sweep_finds_total{${stream},margin="sweep"} 0`);
  expect(text).toContain('intacct_trigger_schedules_revived_total 0');
  expect(text).toContain('intacct_trigger_build_info{version="1.2.3"} 1');
});

test('nothing is claimed of Redis before it was asked', async () => {
  const text = await aRegistry().render();

  expect(text).not.toMatch(/^intacct_trigger_(redis_(memory|persistence|evicts)\w*|replicas|watermark\w*)[ {]/m);
});

function aRegistry() {
  const poller = { connection: 'acme', location: null, streams: [aStream()], everyMs: 60_000 };
  return createMetrics({ pollers: [poller], version: '1.2.3' });
}
