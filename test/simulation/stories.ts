import fc from 'fast-check';
import type { Act, AwaitKind, Ending, Setting, Story } from './story.js';

const SECOND = 1000;

const late = fc.oneof(
  { weight: 5, arbitrary: fc.constant(0) },
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 100 }) },
  { weight: 1, arbitrary: fc.integer({ min: 101, max: 200 }) },
);
const worker = fc.nat({ max: 1 });
const poller = fc.nat({ max: 2 });
const record = fc.nat({ max: 40 });
const owner = fc.nat({ max: 3 });
const traffic = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 9999 }));

const ENDINGS: readonly Ending[] = [
  'hold',
  'fail',
  'lost',
  'partial',
  'partial',
  'delayed',
  'crash',
  'crashAfter',
  'ok',
];
const LISTS: readonly (readonly string[])[] = [['A', 'B'], ['B', 'A'], ['B'], ['A'], ['A', 'B', 'C'], ['C', 'B']];

const changes: fc.WeightedArbitrary<Act>[] = [
  { weight: 8, arbitrary: fc.record({ do: fc.constant('create' as const), owner, late }) },
  { weight: 10, arbitrary: fc.record({ do: fc.constant('edit' as const), record, late }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('import' as const), owner, count: fc.integer({ min: 2, max: 15 }), late }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('move' as const), record, owner, late }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), record }) },
];

const progress: fc.WeightedArbitrary<Act>[] = [
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.integer({ min: 1, max: 40 }).map((seconds) => seconds * SECOND),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('poll' as const), worker, poller, traffic }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('start' as const), worker, poller }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('run' as const), worker, awaits: fc.integer({ min: 1, max: 25 }), traffic }),
  },
];

const trouble: fc.WeightedArbitrary<Act>[] = [
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('step' as const),
      worker,
      pick: fc.nat({ max: 2 }),
      ending: fc.constantFrom(...ENDINGS),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('until' as const),
      worker,
      at: fc.constantFrom<AwaitKind[]>(
        'load',
        'query',
        'ledger',
        'commit',
        'commit',
        'commit',
        'note',
        'forget',
        'release',
      ),
      ending: fc.constantFrom<(Ending | 'stand')[]>(...ENDINGS, 'stand'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('freeze' as const), worker }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const), worker }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stop' as const), worker }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('steal' as const), poller }) },
];

const configure: fc.WeightedArbitrary<Act> = {
  weight: 1,
  arbitrary: fc.record({ do: fc.constant('configure' as const), worker, locations: fc.constantFrom(...LISTS) }),
};

const jump: fc.WeightedArbitrary<Act> = {
  weight: 1,
  arbitrary: fc.record({ do: fc.constant('jump' as const), minutes: fc.integer({ min: -70, max: 70 }) }),
};

function settingOf(changed: Partial<{ [Name in keyof Setting]: fc.Arbitrary<Setting[Name]> }>): fc.Arbitrary<Setting> {
  const base: { [Name in keyof Setting]: fc.Arbitrary<Setting[Name]> } = {
    margins: fc.constant('brisk'),
    pageCap: fc.integer({ min: 2, max: 7 }),
    secondKey: fc.boolean(),
    nullsFirst: fc.boolean(),
    textKeys: fc.boolean(),
    nullModified: fc.boolean(),
    replicaLagMs: fc.constantFrom(0, 0, 3 * SECOND),
    locations: fc.constant(null),
    objects: fc.constantFrom(1, 2),
    queues: fc.constantFrom(1, 2),
    fields: fc.constantFrom('some', 'some', 'all'),
    startAgoMs: fc.constantFrom(0, 30, 300).map((seconds) => seconds * SECOND),
    tickBudgetMs: fc.constantFrom(2, 10, 60).map((seconds) => seconds * SECOND),
    requestMs: fc.constantFrom(50, 500, 4000),
    workerSkewHours: fc.constantFrom(0, -1, 1),
    records: fc.integer({ min: 0, max: 25 }),
    recordsSpanMs: fc.constantFrom(1, 20, 400).map((seconds) => seconds * SECOND),
    salt: fc.nat({ max: 9999 }),
  };
  return fc.record({ ...base, ...changed }) as fc.Arbitrary<Setting>;
}

function stories(
  setting: fc.Arbitrary<Setting>,
  acts: fc.WeightedArbitrary<Act>[],
  maxActs: number,
): fc.Arbitrary<Story> {
  return fc.record({ setting, acts: fc.array(fc.oneof(...acts), { maxLength: maxActs, size: 'max' }) });
}

const lists = fc.constantFrom<readonly string[]>(['A', 'B'], ['A', 'B', 'C']);

const races: fc.WeightedArbitrary<Act>[] = [
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('move' as const),
      record: fc.nat({ max: 3 }),
      owner: fc.nat({ max: 2 }),
      late: fc.constant(0),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('start' as const), worker: fc.constant(0), poller: fc.nat({ max: 1 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('until' as const),
      worker: fc.constant(0),
      at: fc.constantFrom<AwaitKind[]>('ledger', 'commit'),
      ending: fc.constantFrom<(Ending | 'stand')[]>('stand', 'hold', 'ok'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.integer({ min: 3, max: 12 }).map((seconds) => seconds * SECOND),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('poll' as const),
      worker: fc.constant(1),
      poller: fc.nat({ max: 1 }),
      traffic: fc.constant(0),
    }),
  },
];

/** Families of stories; each mixes what is likely to meet. */
export const FAMILIES: Readonly<Record<string, fc.Arbitrary<Story>>> = {
  'one session at the top level': stories(settingOf({}), [...changes, ...progress, ...trouble], 60),
  'a session for each location': stories(settingOf({ locations: lists }), [...changes, ...progress, ...trouble], 60),
  'locations that come and go': stories(
    settingOf({ locations: lists, startAgoMs: fc.constantFrom(30_000, 300_000) }),
    [...changes, ...progress, ...trouble, configure],
    60,
  ),
  'long scans under traffic': stories(
    settingOf({
      records: fc.integer({ min: 40, max: 120 }),
      requestMs: fc.constantFrom(2000, 4000),
      tickBudgetMs: fc.constantFrom(10_000, 30_000),
      startAgoMs: fc.constant(600_000),
      recordsSpanMs: fc.constantFrom(60_000, 500_000),
      locations: fc.oneof(fc.constant(null), lists),
    }),
    [
      ...progress.slice(1),
      ...changes.slice(0, 2),
      { weight: 2, arbitrary: trouble[0]?.arbitrary ?? fc.constant({ do: 'wait', ms: 1 }) },
    ],
    25,
  ),
  'clocks that jump': stories(
    settingOf({
      margins: fc.constant('usual' as const),
      startAgoMs: fc.constant(300_000),
      replicaLagMs: fc.constant(0),
    }),
    [...changes, ...progress, ...trouble, jump],
    50,
  ),
  'records that move between locations': stories(
    settingOf({
      locations: fc.constant(['A', 'B']),
      records: fc.integer({ min: 1, max: 4 }),
      recordsSpanMs: fc.constant(20_000),
      startAgoMs: fc.constant(60_000),
      objects: fc.constant(1 as const),
      requestMs: fc.constant(50),
    }),
    races,
    30,
  ),
  'answers from a replica that is behind': stories(
    settingOf({
      replicaLagMs: fc.constant(4 * SECOND),
      records: fc.integer({ min: 1, max: 4 }),
      requestMs: fc.constant(50),
      startAgoMs: fc.constant(60_000),
    }),
    [
      { weight: 3, arbitrary: fc.record({ do: fc.constant('edit' as const), record: fc.nat({ max: 3 }), late }) },
      { weight: 4, arbitrary: fc.constant<Act>({ do: 'poll', worker: 0, poller: 0, traffic: 0 }) },
      {
        weight: 3,
        arbitrary: fc.record({
          do: fc.constant('wait' as const),
          ms: fc.integer({ min: 1, max: 4 }).map((seconds) => seconds * SECOND),
        }),
      },
    ],
    50,
  ),
  'lists that change in the middle of a scan': stories(
    settingOf({
      locations: lists,
      records: fc.integer({ min: 10, max: 40 }),
      tickBudgetMs: fc.constant(2_000),
      requestMs: fc.constant(500),
      startAgoMs: fc.constant(300_000),
      recordsSpanMs: fc.constantFrom(20_000, 250_000),
    }),
    [
      { weight: 8, arbitrary: fc.record({ do: fc.constant('poll' as const), worker, poller, traffic }) },
      { weight: 4, arbitrary: configure.arbitrary },
      { weight: 2, arbitrary: progress[0]?.arbitrary ?? fc.constant({ do: 'wait', ms: SECOND }) },
    ],
    20,
  ),
};
