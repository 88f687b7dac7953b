import type { Redis } from 'ioredis';
import { decodeVersion, encodeVersion, type Ledger } from '../core/ledger.js';
import type { Marks } from '../core/marks.js';
import type { Version } from '../core/record.js';
import type { Stream } from '../core/stream.js';
import type { Commit, Lease, NewJob, SavedStream, StreamStore } from '../tick-tools.js';
import { COMMIT_SCRIPT } from './commit-script.js';
import { type CommitCode, CommitError, commitTrouble, LeaseLostError } from './errors.js';
import type { Keys } from './keys.js';
import { CorruptStateError, decodeMarks, decodeState, encodeMarks, encodeState } from './stream-state.js';
import type { ExecReply, TargetQueues } from './target-queues.js';

export interface RedisStreamStoreOptions {
  readonly keys: Keys;
  /** Reads and housekeeping. */
  readonly redis: Redis;
  /** WATCH … EXEC only, one commit after the other: a WATCH belongs to its connection. */
  readonly transactions: Redis;
  readonly queues: TargetQueues;
  readonly onCommitFailed?: (code: CommitCode) => void;
}

/** Renewals of the lease and commits of other locations of the same object touch what is watched. */
const ATTEMPTS = 10;
const RECONNECT_WITHIN_MS = 5_000;
const CHANGED = new CommitError('COMMIT_WATCHED_KEY_CHANGED', 'Lease or state kept changing during a commit');

/** Streams in Redis, beside the queues they fill: that is what makes enqueueing exactly once. */
export class RedisStreamStore implements StreamStore {
  readonly #keys: Keys;
  readonly #redis: Redis;
  readonly #transactions: Redis;
  readonly #queues: TargetQueues;
  readonly #onCommitFailed: (code: CommitCode) => void;
  #lastCommit: Promise<unknown> = Promise.resolve();

  constructor({ keys, redis, transactions, queues, onCommitFailed = () => undefined }: RedisStreamStoreOptions) {
    this.#keys = keys;
    this.#redis = redis;
    this.#transactions = transactions;
    this.#queues = queues;
    this.#onCommitFailed = onCommitFailed;
  }

  async load(stream: Stream): Promise<SavedStream> {
    const keys = this.#keysOf(stream);
    const [fields, sharedFields, forgotten] = await Promise.all([
      readHash(this.#redis, keys.state),
      stream.sharedRecords === 'emit' ? readHash(this.#redis, keys.shared) : {},
      this.#redis.get(keys.forgotten),
    ]);
    const raise = <T extends { readonly marks: Marks }>(saved: T | null): T | null =>
      saved === null ? null : { ...saved, marks: raiseFloor(saved.marks, Number(forgotten ?? 0)) };
    return {
      state: raise(decodeState(keys.state, fields)),
      shared: raise(decodeMarks(keys.shared, sharedFields)),
    };
  }

  async ledger(stream: Stream, recordKeys: readonly string[]): Promise<Ledger> {
    const ledger = new Map<string, NonNullable<ReturnType<typeof decodeVersion>>>();
    if (recordKeys.length === 0) return ledger;
    const key = this.#keys.ledger(stream.connection, stream.object);
    const entries = await this.#redis.hmget(key, ...recordKeys);
    for (const [index, recordKey] of recordKeys.entries()) {
      const text = entries[index];
      if (text === null || text === undefined) continue;
      ledger.set(recordKey, readVersion(key, text));
    }
    return ledger;
  }

  /**
   * Enqueues, remembers and moves on, in one transaction. Resolves when it is done. Throws LeaseLostError when another process has
   * the poller: nothing was done. Throws CommitError when it is not known to be done; whatever was done is consistent, so that
   * loading the stream again and going on from there neither loses nor repeats anything.
   */
  async commit(lease: Lease, commit: Commit): Promise<void> {
    const turn = this.#lastCommit.then(() => this.#commit(lease, commit));
    this.#lastCommit = turn.catch(() => undefined);
    await turn;
  }

  async #commit(lease: Lease, commit: Commit): Promise<void> {
    try {
      for (let attempt = 1; ; attempt += 1) {
        const jobs = await this.#watch(lease, commit);
        const reply = await this.#exec(lease, commit, jobs);
        // A renewal of our own lease touches its key as well as a theft does: look again before giving up.
        const trouble = reply === null ? CHANGED : this.#conclude(reply, jobs);
        if (trouble === null) return;
        if (attempt === ATTEMPTS) throw trouble;
        // The connection believes that BullMQ's scripts are loaded; on a new one they are sent in full again.
        if (trouble.message.includes('NOSCRIPT')) await reconnect(this.#transactions);
      }
    } catch (error) {
      this.#transactions.unwatch().catch(() => undefined);
      const trouble = commitTrouble(error);
      this.#onCommitFailed(trouble.code);
      throw trouble;
    }
  }

  /**
   * Makes sure, before anything is added, that nobody else has the poller or has moved what this commit was decided on; from here on
   * EXEC sees to it. Answers the jobs to add.
   */
  async #watch(lease: Lease, { stream, expected, items }: Commit): Promise<readonly NewJob[]> {
    const { state, shared, ledger, receipts } = this.#keysOf(stream);
    const transactions = this.#transactions;
    await transactions.watch(lease.key, state, shared, ledger);
    const [token, commitNo, sharedCommitNo, known, delivered] = await Promise.all([
      transactions.get(lease.key),
      transactions.hget(state, 'commitNo'),
      transactions.hget(shared, 'commitNo'),
      items.length === 0 ? [] : transactions.hmget(ledger, ...items.map((item) => item.ledgerKey)),
      transactions.smembers(receipts),
    ]);
    if (token !== lease.token) throw new LeaseLostError();
    const sharedMoved = expected.sharedCommitNo !== null && Number(sharedCommitNo ?? 0) !== expected.sharedCommitNo;
    if (Number(commitNo ?? 0) !== expected.commitNo || sharedMoved) throw overtaken();
    const got = new Set(delivered);
    const isDelivered = (job: NewJob): boolean => got.has(this.#queues.jobKey(job.queue, job.id));
    // The ledger belongs to all locations of the object, and a record may move between them. What an earlier attempt of this very
    // commit has written is no reason to stop.
    const wasJudgedOnOtherGrounds = items.some(
      (item, index) => (known[index] ?? null) !== encodeKnown(item.known) && !item.jobs.some(isDelivered),
    );
    if (wasJudgedOnOtherGrounds) throw overtaken();
    return items.flatMap((item) => item.jobs).filter((job) => !isDelivered(job));
  }

  /** The order must not change: the jobs, then the script that looks for them and moves ledger and cursor. */
  #exec(lease: Lease, commit: Commit, jobs: readonly NewJob[]): Promise<ExecReply> {
    const { state, shared, ledger, receipts } = this.#keysOf(commit.stream);
    const jobKeys = commit.items.flatMap((item) => item.jobs.map((job) => this.#queues.jobKey(job.queue, job.id)));
    const plan = {
      state: encodeState(commit.state),
      closed: commit.state.scan === null,
      shared: commit.shared === null ? [] : encodeMarks(commit.shared.commitNo, commit.shared.marks),
      items: commit.items.map(({ jobs: itemJobs, ledgerKey, remember }) => [
        itemJobs.length,
        ledgerKey,
        remember === null ? '' : encodeVersion(remember),
      ]),
    };
    const { commitNo, sharedCommitNo } = commit.expected;
    return this.#queues.transact(
      jobs,
      COMMIT_SCRIPT,
      [lease.key, state, shared, ledger, receipts, ...jobKeys],
      [lease.token, String(commitNo), sharedCommitNo === null ? '' : String(sharedCommitNo), JSON.stringify(plan)],
    );
  }

  /** Null: done. An error: not done, and worth another attempt. Throws what is not. */
  #conclude(reply: NonNullable<ExecReply>, jobs: readonly NewJob[]): CommitError | null {
    const refusal = reply
      .slice(0, jobs.length)
      .find(([error]) => error !== null)?.[0]
      ?.message.slice(0, 120);
    const [scriptError, outcome] = reply[reply.length - 1] ?? [null, null];
    if (scriptError !== null) throw scriptError;
    const [verdict, missing] = outcome as [string, number];
    if (verdict === 'lease') throw new LeaseLostError();
    if (verdict === 'overtaken') throw overtaken();
    if (verdict === 'incomplete') {
      return new CommitError('COMMIT_INCOMPLETE', `${missing} of ${jobs.length} jobs were not stored (${refusal})`);
    }
    // BullMQ stores a job before it lists it: a key of a wrong type in the queue's place leaves a job that nobody will run.
    if (refusal !== undefined) throw new CommitError('QUEUE_DAMAGED', `A target queue refuses jobs (${refusal})`);
    return null;
  }

  #keysOf({
    connection,
    location,
    object,
  }: Stream): Record<'state' | 'shared' | 'ledger' | 'forgotten' | 'receipts', string> {
    return {
      state: this.#keys.state(connection, location, object),
      shared: this.#keys.shared(connection, object),
      ledger: this.#keys.ledger(connection, object),
      forgotten: this.#keys.forgotten(connection, object),
      receipts: this.#keys.receipts(connection, location, object),
    };
  }

  /**
   * Drops the ledger entries that no window of these streams will reach: all streams of one object, which share its ledger. Answers
   * how many.
   */
  async forget(streams: readonly Stream[]): Promise<number> {
    const [first] = streams;
    if (first === undefined) return 0;
    const saved = await Promise.all(streams.map((stream) => this.load(stream)));
    const floors = saved.flatMap(({ state, shared }) =>
      [state?.marks.floorMs ?? [], shared?.marks.floorMs ?? []].flat(),
    );
    if (floors.length === 0) return 0;
    const floorMs = Math.min(...floors);
    const forgottenKey = this.#keys.forgotten(first.connection, first.object);
    // First the note, then the deed: a crash in between only makes the ledger seem shorter than it is.
    await this.#redis.set(forgottenKey, Math.max(floorMs, Number((await this.#redis.get(forgottenKey)) ?? floorMs)));
    const key = this.#keys.ledger(first.connection, first.object);
    let cursor = '0';
    let forgotten = 0;
    do {
      const [next, flat] = await this.#redis.hscan(key, cursor, 'COUNT', 1000);
      cursor = next;
      const stale: string[] = [];
      for (let index = 0; index < flat.length; index += 2) {
        const [field, text] = [flat[index], flat[index + 1]];
        if (field === undefined || text === undefined) continue;
        if (readVersion(key, text).stampMs <= floorMs) stale.push(field, text);
      }
      if (stale.length > 0) forgotten += Number(await this.#redis.eval(FORGET, 1, key, ...stale));
    } while (cursor !== '0');
    return forgotten;
  }
}

/** Removes entries that are still what they were when they were found stale. */
const FORGET = `
local forgotten = 0
for i = 1, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then forgotten = forgotten + redis.call('HDEL', KEYS[1], ARGV[i]) end
end
return forgotten`;

async function readHash(redis: Redis, key: string): Promise<Record<string, string>> {
  try {
    return await redis.hgetall(key);
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('WRONGTYPE')) {
      throw new CorruptStateError(
        `The key ${key} holds something that is not a stream's state. The stream does not run until it is removed`,
      );
    }
    throw error;
  }
}

function readVersion(key: string, text: string): NonNullable<ReturnType<typeof decodeVersion>> {
  const version = decodeVersion(text);
  if (version === undefined) throw new CorruptStateError(`The ledger ${key} holds an entry that cannot be read`);
  return version;
}

/** A new socket, waited for as long as a commit may take. */
async function reconnect(redis: Redis): Promise<void> {
  const isReady = new Promise((resolve) => redis.once('ready', resolve));
  redis.disconnect(true);
  const tooLong = new Promise((_resolve, reject) =>
    setTimeout(reject, RECONNECT_WITHIN_MS, new Error('Redis does not answer')).unref(),
  );
  await Promise.race([isReady, tooLong]);
}

function encodeKnown(version: Version | null): string | null {
  return version === null ? null : encodeVersion(version);
}

/** A location that was away while others went on finds the ledger forgotten above its own floor: it reads nothing again there. */
function raiseFloor(marks: Marks, forgottenMs: number): Marks {
  // A stream in its first window has not read up to its watermark: that is where it began.
  if (marks.watermarkMs === marks.originMs) return marks;
  return { ...marks, floorMs: Math.max(marks.floorMs, Math.min(forgottenMs, marks.watermarkMs)) };
}

function overtaken(): CommitError {
  return new CommitError('COMMIT_OVERTAKEN', 'Another process has moved this stream; its state is read again');
}
