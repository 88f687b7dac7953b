import type { Ledger } from '../../worker/core/ledger.js';
import type { Marks } from '../../worker/core/marks.js';
import type { Version } from '../../worker/core/record.js';
import type { Stream } from '../../worker/core/stream.js';
import { CommitError, LeaseLostError } from '../../worker/state/errors.js';
import { Keys } from '../../worker/state/keys.js';
import { decodeMarks, decodeState, encodeMarks, encodeState } from '../../worker/state/stream-state.js';
import type { Commit, NewJob, SavedStream } from '../../worker/tick-tools.js';

type Hash = Readonly<Record<string, string>>;

/** What a commit did, told to whoever watches. */
export interface Committed {
  readonly commit: Commit;
  readonly token: string;
  /** As it was kept, and as a tick sees it. */
  readonly kept: SavedStream;
  readonly before: SavedStream;
  readonly forgottenMs: number;
  readonly jobs: readonly NewJob[];
  /** False: some jobs came through, the marks did not move. */
  readonly whole: boolean;
}

/**
 * The store as the commit script leaves it, without a Redis: everything that one script does happens at one instant. Jobs are
 * consumed and removed the moment they are there, so that a job id protects nothing.
 */
export class SimulatedStore {
  readonly #keys = new Keys('sim');
  readonly #hashes = new Map<string, Hash>();
  readonly #ledgers = new Map<string, Map<string, Version>>();
  readonly #receipts = new Map<string, Set<string>>();
  readonly #leases = new Map<string, { readonly token: string; expiresAtMs: number }>();
  /** Object → how far its ledger was ever forgotten. */
  readonly #forgottenMs = new Map<string, number>();
  readonly #nowMs: () => number;
  readonly #onCommitted: (committed: Committed) => void;

  constructor(nowMs: () => number, onCommitted: (committed: Committed) => void) {
    this.#nowMs = nowMs;
    this.#onCommitted = onCommitted;
  }

  leaseKey(connection: string, location: string | null): string {
    return this.#keys.lease(connection, location);
  }

  takeLease(key: string, token: string, leaseMs: number): boolean {
    if (this.#holder(key) !== undefined) return false;
    this.#leases.set(key, { token, expiresAtMs: this.#nowMs() + leaseMs });
    return true;
  }

  renewLease(key: string, token: string, leaseMs: number): boolean {
    if (this.#holder(key) !== token) return false;
    this.#leases.set(key, { token, expiresAtMs: this.#nowMs() + leaseMs });
    return true;
  }

  releaseLease(key: string, token: string): void {
    if (this.#holder(key) === token) this.#leases.delete(key);
  }

  stealLease(key: string): void {
    this.#leases.delete(key);
  }

  load(stream: Stream): SavedStream {
    const { state: own, shared: apart } = this.#kept(stream);
    const forgottenMs = this.forgottenMs(stream.object);
    return {
      state: own === null ? null : { ...own, marks: raiseFloor(own.marks, forgottenMs) },
      shared: apart === null ? null : { ...apart, marks: raiseFloor(apart.marks, forgottenMs) },
    };
  }

  ledger(stream: Stream, recordKeys: readonly string[]): Ledger {
    const entries = this.#ledgerOf(stream);
    const found = new Map<string, Version>();
    for (const key of recordKeys) {
      const version = entries.get(key);
      if (version !== undefined) found.set(key, version);
    }
    return found;
  }

  /** `comesThrough` says for each job whether it is stored. Throws what the real store throws. */
  commit(
    lease: { readonly key: string; readonly token: string },
    commit: Commit,
    comesThrough: (index: number) => boolean,
  ): void {
    const { stream, expected, items } = commit;
    const keys = this.#keysOf(stream);
    if (this.#holder(lease.key) !== lease.token) throw new LeaseLostError();
    const overtaken =
      this.#commitNo(keys.state) !== expected.commitNo ||
      (expected.sharedCommitNo !== null && this.#commitNo(keys.shared) !== expected.sharedCommitNo);
    if (overtaken) throw new CommitError('COMMIT_OVERTAKEN', 'overtaken');

    const receipts = this.#receipts.get(keys.receipts) ?? new Set<string>();
    const ledger = this.#ledgerOf(stream);
    const isReceived = (job: NewJob): boolean => receipts.has(`${job.queue}:${job.id}`);
    if (items.some((item) => !isSame(ledger.get(item.ledgerKey), item.known) && !item.jobs.some(isReceived))) {
      throw new CommitError('COMMIT_OVERTAKEN', 'overtaken');
    }

    const [kept, before] = [this.#kept(stream), this.load(stream)];
    const stored: NewJob[] = [];
    let missing = 0;
    for (const { jobs, ledgerKey, remember } of items) {
      let whole = true;
      for (const job of jobs) {
        if (isReceived(job)) continue;
        if (comesThrough(stored.length + missing)) {
          stored.push(job);
          receipts.add(`${job.queue}:${job.id}`);
        } else {
          whole = false;
          missing += 1;
        }
      }
      if (whole && remember !== null) ledger.set(ledgerKey, remember);
    }
    if (missing > 0) this.#receipts.set(keys.receipts, receipts);
    else {
      // Receipts of other pages of this window are still needed: an earlier page may be committed before theirs comes again.
      for (const job of items.flatMap((item) => item.jobs)) receipts.delete(`${job.queue}:${job.id}`);
      if (commit.state.scan === null) this.#receipts.delete(keys.receipts);
      this.#hashes.set(keys.state, toHash(encodeState(commit.state)));
      if (commit.shared !== null)
        this.#hashes.set(keys.shared, toHash(encodeMarks(commit.shared.commitNo, commit.shared.marks)));
    }
    this.#onCommitted({
      commit,
      token: lease.token,
      kept,
      before,
      forgottenMs: this.forgottenMs(stream.object),
      jobs: stored,
      whole: missing === 0,
    });
    if (missing > 0) throw new CommitError('COMMIT_INCOMPLETE', `${missing} jobs were not stored`);
  }

  /** The floor below which the ledger of these streams, all of one object, may forget. */
  forgettableMs(streams: readonly Stream[]): number {
    const saved = streams.map((stream) => this.load(stream));
    return Math.min(
      ...saved.flatMap(({ state, shared }) => [state?.marks.floorMs ?? [], shared?.marks.floorMs ?? []].flat()),
    );
  }

  noteForgotten(stream: Stream, floorMs: number): void {
    this.#forgottenMs.set(stream.object, Math.max(floorMs, this.forgottenMs(stream.object)));
  }

  forgottenMs(object: string): number {
    return this.#forgottenMs.get(object) ?? Number.NEGATIVE_INFINITY;
  }

  forget(stream: Stream, floorMs: number): void {
    const ledger = this.#ledgerOf(stream);
    for (const [key, version] of ledger) if (version.stampMs <= floorMs) ledger.delete(key);
  }

  entries(stream: Stream): ReadonlyMap<string, Version> {
    return this.#ledgerOf(stream);
  }

  #kept(stream: Stream): SavedStream {
    const { state, shared } = this.#keysOf(stream);
    return {
      state: decodeState(state, this.#hashes.get(state) ?? {}),
      shared: stream.sharedRecords === 'emit' ? decodeMarks(shared, this.#hashes.get(shared) ?? {}) : null,
    };
  }

  #ledgerOf({ connection, object }: Stream): Map<string, Version> {
    const key = this.#keys.ledger(connection, object);
    const ledger = this.#ledgers.get(key) ?? new Map<string, Version>();
    this.#ledgers.set(key, ledger);
    return ledger;
  }

  #holder(key: string): string | undefined {
    const lease = this.#leases.get(key);
    return lease !== undefined && lease.expiresAtMs > this.#nowMs() ? lease.token : undefined;
  }

  #commitNo(key: string): number {
    return Number(this.#hashes.get(key)?.['commitNo'] ?? 0);
  }

  #keysOf({ connection, location, object }: Stream): Record<'state' | 'shared' | 'receipts', string> {
    return {
      state: this.#keys.state(connection, location, object),
      shared: this.#keys.shared(connection, object),
      receipts: this.#keys.receipts(connection, location, object),
    };
  }
}

/** A location that was away while others went on finds the ledger forgotten above its own floor. */
function raiseFloor(marks: Marks, forgottenMs: number): Marks {
  if (marks.watermarkMs === marks.originMs) return marks;
  return { ...marks, floorMs: Math.max(marks.floorMs, Math.min(forgottenMs, marks.watermarkMs)) };
}

function isSame(held: Version | undefined, known: Version | null): boolean {
  return held === undefined
    ? known === null
    : known !== null && held.stampMs === known.stampMs && held.hash === known.hash;
}

function toHash(flat: readonly string[]): Hash {
  const hash: Record<string, string> = {};
  for (let index = 0; index < flat.length; index += 2) hash[flat[index] ?? ''] = flat[index + 1] ?? '';
  return hash;
}
