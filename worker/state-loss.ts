import { type Stream, streamId } from './core/stream.js';
import type { StreamStore } from './tick-tools.js';

/** `gone`: the stream starts again by its start rule. `set back`: what was enqueued since is enqueued again. */
export type StateLoss = 'gone' | 'set back';

/**
 * A store that tells when Redis has lost what this process has seen in it. State that is not there means "has never run" to
 * everybody else, so that a Redis that was emptied, or restored from an older copy, would go unnoticed.
 */
export function noticingLoss(store: StreamStore, onLoss: (stream: Stream, loss: StateLoss) => void): StreamStore {
  /** Highest commit number seen, by stream. */
  const seen = new Map<string, number>();
  return {
    ledger: (stream, recordKeys) => store.ledger(stream, recordKeys),
    async load(stream) {
      const saved = await store.load(stream);
      const id = streamId(stream);
      const before = seen.get(id) ?? 0;
      const commitNo = saved.state?.commitNo ?? 0;
      seen.set(id, commitNo);
      if (commitNo < before) onLoss(stream, saved.state === null ? 'gone' : 'set back');
      return saved;
    },
    async commit(lease, commit) {
      await store.commit(lease, commit);
      seen.set(streamId(commit.stream), commit.state.commitNo);
    },
  };
}
