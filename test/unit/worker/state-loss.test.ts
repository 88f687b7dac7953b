import { describe, expect, test } from '@jest/globals';
import { noticingLoss, type StateLoss } from '../../../worker/state-loss.js';
import type { SavedStream, StreamStore } from '../../../worker/tick-tools.js';
import { aStream, MIDNIGHT_MS, marksAt } from '../../support/streams.js';

const stream = aStream();

describe('state', () => {
  test('of a stream that has never run is no loss', async () => {
    const { load, losses } = aStore();
    await load(null);
    await load(1);
    await load(2);
    expect(losses).toEqual([]);
  });

  test('that was seen before and is gone is told, once', async () => {
    const { load, losses } = aStore();
    await load(7);
    await load(null);
    await load(null);
    expect(losses).toEqual(['gone']);
  });

  test('that was set back to an older copy is told', async () => {
    const { load, losses } = aStore();
    await load(7);
    await load(5);
    await load(6);
    expect(losses).toEqual(['set back']);
  });
});

function aStore() {
  const losses: StateLoss[] = [];
  let saved: SavedStream = { state: null, shared: null };
  const store: StreamStore = {
    load: async () => saved,
    ledger: async () => new Map(),
    commit: async () => undefined,
  };
  const watched = noticingLoss(store, (_stream, loss) => losses.push(loss));
  return {
    losses,
    load(commitNo: number | null) {
      saved = { shared: null, state: commitNo === null ? null : { commitNo, marks: marksAt(MIDNIGHT_MS), scan: null } };
      return watched.load(stream);
    },
  };
}
