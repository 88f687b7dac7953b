import { describe, expect, test } from '@jest/globals';
import { rest } from './play.js';
import { aSetting } from './settings.js';
import { Stage } from './stage.js';
import type { Ending, Setting } from './story.js';

/**
 * The same claims, exhaustively: in one tick, each await in turn ends in each way there is. Then everything comes to rest, and
 * nothing may be lost, doubled or out of order.
 */
const ENDINGS: readonly Ending[] = ['fail', 'lost', 'partial', 'delayed', 'crash', 'crashAfter'];

const SETTINGS: Readonly<Record<string, Partial<Setting>>> = {
  'a window of several pages': { records: 9, pageCap: 3 },
  'one second of more records than a page holds': { records: 9, pageCap: 3, recordsSpanMs: 1, secondKey: false },
  'two objects, two queues and records that were never modified': {
    records: 8,
    objects: 2,
    queues: 2,
    nullModified: true,
    fields: 'all',
  },
  'a location that also emits what is shared': { records: 8, locations: ['A', 'B'] },
};

/** Plays a tick whose await number `at` ends badly, then, after a change, another whose await number `again` does. */
async function endBadly(setting: Setting, ending: Ending, at: number, again: number | null): Promise<boolean> {
  const stage = new Stage(setting);
  let reached = await tickUntil(stage, at, ending);
  stage.wait(25_000);
  await stage.act({ do: 'edit', record: 1, late: 30 });
  if (again !== null) reached = (await tickUntil(stage, again, ending)) && reached;
  await rest(stage);
  return reached;
}

/** False when the tick was over before. */
async function tickUntil(stage: Stage, at: number, ending: Ending): Promise<boolean> {
  await stage.start(0, 0);
  await stage.act({ do: 'run', worker: 0, awaits: at, traffic: 0 });
  if (stage.standsOf(0) === 0) return false;
  await stage.act({ do: 'step', worker: 0, pick: 0, ending });
  return true;
}

describe.each(Object.entries(SETTINGS))('%s', (_name, changes) => {
  test.each(ENDINGS)('loses and repeats nothing, whichever await of a tick ends so: %s', async (ending) => {
    let at = 0;
    while (await endBadly(aSetting(changes), ending, at, null)) at += 1;
    // The tick must have had awaits to end.
    expect(at).toBeGreaterThan(8);
  });
});

test.each(['lost', 'crash', 'crashAfter'] as const)('nor when two ticks in a row end so: %s', async (ending) => {
  let pairs = 0;
  for (let at = 0; at < 12; at += 1) {
    for (let again = 0; again < 12; again += 1) {
      await endBadly(aSetting({ records: 5, pageCap: 3 }), ending, at, again);
      pairs += 1;
    }
  }
  expect(pairs).toBe(144);
});
