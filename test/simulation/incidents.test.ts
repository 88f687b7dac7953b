import { describe, expect, test } from '@jest/globals';
import { play } from './play.js';
import { aSetting } from './settings.js';
import { Stage } from './stage.js';
import type { Act, Setting } from './story.js';

/** Stories that went wrong once, here or in other connectors, each told at its shortest. The claims are the same as everywhere. */
interface Incident {
  readonly setting: Partial<Setting>;
  readonly acts: readonly Act[];
}

const wait = (seconds: number): Act => ({ do: 'wait', ms: seconds * 1000 });
const poll = (worker: number, poller = 0): Act => ({ do: 'poll', worker, poller, traffic: 0 });
const start = (worker: number, poller = 0): Act => ({ do: 'start', worker, poller });
const create = (owner = 0, late = 0): Act => ({ do: 'create', owner, late });
const edit = (record: number, late = 0): Act => ({ do: 'edit', record, late });
const finish = (worker: number): Act => ({ do: 'run', worker, awaits: 400, traffic: 0 });
const lists = { locations: ['A', 'B'] } as const;

const INCIDENTS: Readonly<Record<string, Incident>> = {
  'emits nothing twice when the reply to a commit is lost': {
    setting: { records: 4 },
    acts: [start(0), { do: 'until', worker: 0, at: 'commit', ending: 'lost' }, finish(0), poll(0)],
  },
  'emits nothing twice when a commit arrives after the worker has given it up': {
    setting: { records: 4 },
    acts: [start(0), { do: 'until', worker: 0, at: 'commit', ending: 'delayed' }, finish(0), poll(1)],
  },
  'enqueues only the rest after a commit came through in part': {
    setting: { records: 4, queues: 2 },
    acts: [start(0), { do: 'until', worker: 0, at: 'commit', ending: 'partial' }, finish(0), poll(0)],
  },
  'remembers what came through in part until its page comes again, behind others': {
    setting: { pageCap: 2, queues: 2, startAgoMs: 0 },
    acts: [
      create(),
      edit(0, 1),
      create(),
      poll(0),
      wait(1),
      create(),
      start(1),
      { do: 'until', worker: 1, at: 'commit', ending: 'partial' },
      wait(5),
    ],
  },
  'lets a worker that was stopped past its lease commit nothing': {
    setting: { records: 4 },
    acts: [
      start(0),
      { do: 'until', worker: 0, at: 'commit', ending: 'stand' },
      { do: 'freeze', worker: 0 },
      wait(30),
      edit(0),
      poll(1),
      finish(0),
    ],
  },
  'sees what becomes visible behind the watermark': {
    setting: {},
    acts: [wait(20), create(0, 99), wait(10), poll(0), wait(20), poll(0)],
  },
  'sees in a sweep what becomes visible minutes late': {
    setting: {},
    acts: [poll(0), wait(70), create(0, 199), poll(0), wait(40), poll(0), wait(40), poll(0)],
  },
  'reads a second of more records than a page holds': {
    setting: { pageCap: 2, secondKey: false },
    acts: [{ do: 'import', owner: 0, count: 15, late: 0 }, wait(10), poll(0)],
  },
  'takes two edits within one second for two versions': {
    setting: { records: 1 },
    acts: [edit(0), edit(0, 60), wait(7), poll(0), wait(10), poll(0)],
  },
  'gets on when signing in takes longer than a tick may': {
    setting: { requestMs: 4000, tickBudgetMs: 2000, records: 3 },
    acts: [poll(0)],
  },
  'does not emit a record again from the location that it has left': {
    setting: { ...lists, startAgoMs: 60_000 },
    acts: [
      create(1),
      wait(7),
      start(0, 0),
      { do: 'until', worker: 0, at: 'commit', ending: 'stand' },
      { do: 'move', record: 0, owner: 2, late: 0 },
      wait(8),
      poll(1, 1),
      finish(0),
      wait(5),
      poll(1, 1),
    ],
  },
  'emits shared records when the first location leaves before it has ever run': {
    setting: { locations: ['A', 'B', 'C'], startAgoMs: 60_000 },
    acts: [
      create(0),
      wait(40),
      poll(0, 2),
      { do: 'configure', worker: 0, locations: ['C', 'B'] },
      { do: 'configure', worker: 1, locations: ['C', 'B'] },
    ],
  },
  'emits shared records when the first location leaves while the next is in the middle of a scan': {
    setting: { ...lists, records: 20, pageCap: 2, tickBudgetMs: 2000, requestMs: 500, recordsSpanMs: 100_000 },
    acts: [poll(0, 1), { do: 'configure', worker: 0, locations: ['B'] }, poll(0, 0)],
  },
  'repeats nothing when a location comes back after the others have swept': {
    setting: { ...lists },
    acts: [
      create(2),
      wait(10),
      poll(0, 0),
      poll(0, 1),
      { do: 'configure', worker: 0, locations: ['A'] },
      wait(250),
      poll(0, 0),
      wait(250),
      poll(0, 0),
      { do: 'configure', worker: 0, locations: ['A', 'B'] },
    ],
  },
  "emits an edit that is stamped before the last one, after Intacct's clock was set back": {
    setting: { margins: 'usual', requestMs: 4000 },
    acts: [create(), wait(17), { do: 'jump', minutes: -2 }, wait(98), edit(0, 101), wait(31)],
  },
};

describe('a tick', () => {
  test.each(Object.entries(INCIDENTS))('%s', async (_name, { setting, acts }) => {
    await expect(play({ setting: aSetting(setting), acts })).resolves.toBeGreaterThan(0);
  });

  test('goes the same way twice when a story is told twice', async () => {
    const story = {
      setting: aSetting({ records: 20, pageCap: 3, secondKey: false, queues: 2 }),
      acts: [
        start(0),
        { do: 'run', worker: 0, awaits: 9, traffic: 7 },
        { do: 'crash', worker: 0 },
        wait(30),
        poll(1),
      ] as Act[],
    };
    const logs: string[][] = [];
    for (const stage of [new Stage(story.setting), new Stage(story.setting)]) {
      await play(story, stage);
      logs.push([...stage.log, ...stage.witness.history]);
    }
    expect(logs[1]).toEqual(logs[0]);
    expect(logs[0]?.length).toBeGreaterThan(20);
  });
});
