import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Job } from 'bullmq';
import { parseTriggerEvent, type TriggerEvent } from '../../shared/index.js';
import type { SimRecord } from '../simulator/company.js';
import { Stage } from '../support/stage.js';
import { until } from '../support/until.js';
import {
  AWKWARD_TEXTS,
  lineOf,
  lineOfEvent,
  nameOf,
  recordOf,
  repeated,
  TWENTY_DIGITS,
  WorkedCompany,
} from '../support/worked-company.js';

const CHANGES = 300;
const DURING_MS = 10_000;
const BEATS = 50;
const OBJECTS = 'CUSTOMER,VENDOR,APBILL,PROJECT';

/** One company, and two workers that watch it in the two ways there are. */
const WATCHED = [
  { name: 'one top-level session', locations: '', sees: () => true },
  {
    name: 'named locations',
    locations: '200-UK,100-US',
    sees: ({ entity }: SimRecord) => entity === null || entity === '100-US' || entity === '200-UK',
  },
];

let stage: Stage;
let people: WorkedCompany;
let jobsOf: readonly (readonly Job[])[];

beforeAll(async () => {
  stage = await Stage.open({ entities: { '100-US': 'US', '200-UK': 'UK', '300-DE': 'DE' } });
  people = new WorkedCompany(stage.simulator.company);
  people.fill(60);
  const workers = await Promise.all(
    WATCHED.map(({ locations }, index) =>
      stage.startWorker({
        QUEUE_PREFIX: prefixOf(index),
        INTACCT_LOCATION_IDS: locations,
        INTACCT_OBJECTS: OBJECTS,
        START_FROM: '1m',
      }),
    ),
  );
  await workInBeats();
  for (const [index, { sees }] of WATCHED.entries()) {
    const finals = people.finals().filter(sees).map(lineOfVersion);
    await until(`the last version of each record in queue ${index}`, async () => {
      const lines = new Set((await stage.events(prefixOf(index))).map(lineOfEvent));
      return finals.every((line) => lines.has(line));
    });
  }
  // What would come twice, or should not come at all, has the time to do so.
  await Promise.all(workers.map((worker) => worker.polledAgain(2)));
  jobsOf = await Promise.all(WATCHED.map((_, index) => stage.jobs(undefined, prefixOf(index))));
}, 60_000);

afterAll(() => stage.close());

describe.each(WATCHED.map((watched, index) => ({ ...watched, index })))('$name', ({ index, sees, locations }) => {
  const events = () => (jobsOf[index] ?? []).map((job) => job.data as TriggerEvent);
  const visible = () => people.versions.filter(sees);

  test('brings the final version of every record exactly once, and no version twice', () => {
    const lines = events().map(lineOfEvent);
    const finals = people.finals().filter(sees).map(lineOfVersion);

    expect(finals.length).toBeGreaterThan(100);
    expect(finals.filter((line) => !lines.includes(line))).toEqual([]);
    expect(repeated(lines)).toEqual([]);
  });

  test('brings nothing that the company never held, or that is none of its business', () => {
    const held = new Set(visible().map(lineOfVersion));

    expect(
      events()
        .map(lineOfEvent)
        .filter((line) => !held.has(line)),
    ).toEqual([]);
  });

  test('leaves text as it is, twenty digits and all', () => {
    const amounts = events().map(({ data: { record } }) => {
      return record['TOTALENTERED'] ?? record['CREDITLIMIT'] ?? record['BUDGETAMOUNT'];
    });

    const texts = events().map(({ data: { record } }) => record['NAME'] ?? record['DESCRIPTION']);

    expect(new Set(amounts)).toEqual(new Set([TWENTY_DIGITS]));
    expect(new Set(texts)).toEqual(new Set(AWKWARD_TEXTS));
  });

  test('calls the first event of a new record created, and every other one updated', () => {
    const wrong: string[] = [];
    const known = new Set<string>();
    for (const { subject, type, data } of events()) {
      const record = people.finals().find((one) => nameOf(one) === subject);
      const isFirst = record !== undefined && people.wasCreatedHere(record) && !known.has(subject);
      known.add(subject);
      const op = isFirst ? 'created' : 'updated';
      if (data.op !== op || type !== `intacct.${data.object.toLowerCase()}.${op}`) wrong.push(`${subject} ${data.op}`);
    }

    expect(wrong).toEqual([]);
    expect(new Set(events().map(({ data }) => data.op))).toEqual(new Set(['created', 'updated']));
  });

  test('names the owning entity, and null for what all share', () => {
    const owners = new Map(people.versions.map((version) => [nameOf(version), version.entity]));

    expect(events().filter(({ subject, data }) => data.location !== owners.get(subject))).toEqual([]);
    expect(events().some(({ data }) => data.location === null)).toBe(true);
  });

  test('keeps to the form of an event, read by plain BullMQ as by a typed consumer', () => {
    const company = stage.simulator.credentials.companyId;
    const sources = locations === '' ? ['all'] : locations.split(',');
    for (const job of jobsOf[index] ?? []) {
      const event = parseTriggerEvent(job.data);
      expect({ name: job.name, id: job.id, subject: event.subject }).toEqual({
        name: event.type,
        id: event.id,
        subject: `${event.data.object}/${event.data.key}`,
      });
      expect(sources.map((source) => `/intacct/${company}/${source}`)).toContain(event.source);
      expect(event.time).toBe(event.data.modifiedAt);
    }
  });

  test('keeps the order of changes within each stream', () => {
    const times: Record<string, string[]> = {};
    for (const { source, data, time } of events()) {
      const stream = `${source} ${data.object}`;
      times[stream] = [...(times[stream] ?? []), time];
    }

    expect(Object.keys(times).length).toBeGreaterThan(3);
    for (const stream of Object.values(times)) expect(stream).toEqual(stream.toSorted());
  });
});

/** Beside the queues there is nothing: no row was found to be unfit. */
test('no row was rejected', async () => {
  const counts = await Promise.all(WATCHED.map((_, index) => stage.jobs('intacct-rejected', prefixOf(index))));
  expect(counts).toEqual([[], []]);
});

function lineOfVersion(version: SimRecord): string {
  return lineOf(nameOf(version), recordOf(stage.simulator.company, version));
}

function prefixOf(index: number): string {
  return `${stage.prefix}-${index}`;
}

/** The machine's clock runs, as does the company's: changes fall into many seconds, and several into one. */
function workInBeats(): Promise<void> {
  return new Promise((resolve) => {
    let beats = 0;
    const timer = setInterval(() => {
      for (let change = 0; change < CHANGES / BEATS; change += 1) people.work();
      beats += 1;
      if (beats < BEATS) return;
      clearInterval(timer);
      resolve();
    }, DURING_MS / BEATS);
  });
}
