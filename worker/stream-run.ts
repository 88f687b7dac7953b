import { REJECTED_QUEUE, type RejectedRow as RejectedJob } from '../shared/queues.js';
import { rejectId } from './core/event.js';
import { finishWindow, nextQuery, type Progress, resume, type Turn, turnPage } from './core/progress.js';
import { type IntacctRecord, type RejectedRow, readRow } from './core/record.js';
import { rejectLedgerKey, type Sifted, type SiftedRecord, sift } from './core/sift.js';
import type { Margins, Stream } from './core/stream.js';
import { IntacctError } from './intacct/errors.js';
import type { Page, Query } from './intacct/query.js';
import { LeaseLostError } from './state/errors.js';
import { ConnectionBlockedError, ConnectionPausedError } from './state/gate-errors.js';
import type { Commit, CommitItem, Lease, NewJob, SavedStream, StreamTrouble, TickTools } from './tick-tools.js';

/**
 * `waiting`: not its turn. `unfinished`: more to read in this window. `failed`: trouble that may pass. `paused`: by an operator.
 * `blocked`: refused by Intacct. `backpressure`: its queues are full.
 */
export type StreamOutcome = 'waiting' | 'done' | 'unfinished' | 'failed' | 'paused' | 'blocked' | 'backpressure';

/** What a tick did with one stream. */
export interface StreamReport {
  readonly stream: Stream;
  readonly outcome: StreamOutcome;
  readonly error: Error | null;
  readonly rowsRead: number;
  readonly enqueued: number;
  readonly duplicates: number;
  readonly rejected: number;
  /** New versions that an earlier window had missed. */
  readonly recovered: number;
  /** Rows outside what was asked for. */
  readonly strays: number;
  /** Epoch milliseconds of Intacct's clock; null where it is not known. */
  readonly watermarkMs: number | null;
  /** The window that was finished was a sweep: the ledger may forget. */
  readonly swept: boolean;
}

type Phase = Exclude<StreamOutcome, 'unfinished'> | 'active';

/** A page that was read, and where the stream goes on after it. */
interface PageToCommit {
  readonly rows: number;
  readonly turn: Turn;
  readonly rejected: readonly RejectedRow[];
  /** The clock of its answer. */
  readonly nowMs: number;
}

/** One stream within one tick. Trouble of its own ends here; what concerns the whole poller is thrown. */
export class StreamRun {
  readonly stream: Stream;
  readonly #lease: Lease;
  readonly #tools: TickTools;
  readonly #margins: Margins;
  readonly #counts = { rowsRead: 0, enqueued: 0, duplicates: 0, rejected: 0, recovered: 0, strays: 0 };
  #phase: Phase;
  #error: Error | null = null;
  #swept = false;
  /** As it is committed. */
  #progress: Progress | null = null;
  #page: PageToCommit | null = null;
  #commitNo = 0;
  #sharedCommitNo = 0;

  constructor(stream: Stream, trouble: StreamTrouble | undefined, lease: Lease, tools: TickTools, margins: Margins) {
    this.stream = stream;
    this.#phase = trouble?.paused ? 'paused' : trouble?.blocked && !trouble.blocked.probeDue ? 'blocked' : 'waiting';
    this.#lease = lease;
    this.#tools = tools;
    this.#margins = margins;
  }

  /** Nothing speaks against reading it. */
  get isWilling(): boolean {
    return this.#phase === 'waiting';
  }

  get isActive(): boolean {
    return this.#phase === 'active';
  }

  /** There is something to ask for, also while the page before it is yet to be committed. */
  get hasMore(): boolean {
    return this.isActive && this.#page?.turn.windowDone !== true;
  }

  async begin(isDue: (saved: SavedStream['state']) => boolean): Promise<void> {
    await this.#contain(async () => {
      const { state, shared } = await this.#tools.store.load(this.stream);
      this.#commitNo = state?.commitNo ?? 0;
      this.#sharedCommitNo = shared?.commitNo ?? 0;
      this.#progress = resume(
        this.stream,
        state,
        shared?.marks ?? null,
        this.#tools.intacct.serverNowMs(),
        this.#margins,
      );
      if (isDue(state)) this.#phase = 'active';
    });
  }

  /** Null when there is nothing to ask: the queues are full, or the stream has just failed or come to its end. */
  async nextQuery(signal: AbortSignal): Promise<Query | null> {
    let query: Query | null = null;
    if (!this.hasMore) return query;
    await this.#contain(async () => {
      if ((await this.#tools.backpressure(this.stream.queues)) !== null) {
        if (this.isActive) this.#phase = 'backpressure';
        return;
      }
      const select = await this.#tools.fields.select(this.stream, signal);
      // The commit of the page before it may have failed in the meantime.
      if (!this.hasMore) return;
      const progress = this.#page?.turn.after ?? this.#running();
      query = nextQuery(this.stream, progress, { select, pageSize: this.#tools.pageSize.rows });
    });
    return query;
  }

  /** Page → rows → records, and where the stream goes on. Nothing is done yet. */
  async takePage(page: Page, asked: Query): Promise<void> {
    // Read ahead, and not wanted any more: what it follows was not committed.
    if (!this.isActive) return;
    await this.#contain(async () => {
      await this.#tools.troubles.cleared(this.stream);
      const progress = this.#running();
      const { records, rejected } = this.#read(page);
      const full = page.rows.length >= asked.pageSize || (page.remaining ?? 0) > 0;
      const turn = turnPage(this.stream, progress, { records, full });
      this.#counts.strays += turn.strays;
      this.#page = {
        rows: page.rows.length,
        turn,
        rejected: progress.scan === null && !turn.windowDone ? [] : rejected,
        nowMs: this.#tools.intacct.serverNowMs(),
      };
    });
  }

  /** Records → minus ledger → classify → events → **commit**. Nothing to do when no page was taken. */
  async commitPage(): Promise<void> {
    const page = this.#page;
    if (page === null) return;
    const { rows, turn, rejected, nowMs } = page;
    await this.#contain(async () => {
      const progress = this.#running();
      const rejectKeys = rejected.map(rejectLedgerKey);
      const ledger = await this.#tools.store.ledger(this.stream, [
        ...turn.take.map((record) => record.key),
        ...rejectKeys,
      ]);
      const sifted = sift(this.stream, progress, turn.take, ledger, this.#margins, nowMs);
      const newRejects = rejected.filter((reject) => !ledger.has(rejectLedgerKey(reject)));
      this.#counts.duplicates += sifted.duplicates;

      const after = turn.windowDone ? finishWindow(turn.after, nowMs, this.#margins) : turn.after;
      await this.#commit(after, [
        ...newRejects.map((reject) => this.#rejectItem(reject, progress.window.hiMs, nowMs)),
        ...sifted.records.map((record) => this.#recordItem(record)),
      ]);
      this.#tell(rows, sifted, newRejects, nowMs);
      if (turn.windowDone) {
        this.#swept = progress.window.sweep;
        this.#phase = 'done';
      }
    });
    this.#page = null;
  }

  /** Intacct refused what was asked for this stream, while it may have answered others. */
  async refused(error: IntacctError, asked?: Query): Promise<void> {
    const { fields } = this.#tools;
    if (error.action === 'dropFields' && fields.drop(this.stream, error.fields, asked?.select ?? [])) return;
    this.#error = error;
    const mayPass = error.action === 'retry' || error.action === 'newSession';
    this.#phase = mayPass ? 'failed' : 'blocked';
    if (error.action === 'newSession') return;
    if (mayPass) await this.#tools.troubles.strike(this.stream, error);
    else await this.#tools.troubles.recordRefusal(this.stream, error);
  }

  report(): StreamReport {
    return {
      stream: this.stream,
      outcome: this.#phase === 'active' ? 'unfinished' : this.#phase,
      error: this.#error,
      ...this.#counts,
      watermarkMs: this.#progress?.marks.watermarkMs ?? null,
      swept: this.#swept,
    };
  }

  #read(page: Page): { records: IntacctRecord[]; rejected: RejectedRow[] } {
    const records: IntacctRecord[] = [];
    const rejected: RejectedRow[] = [];
    for (const row of page.rows) {
      const read = readRow(this.stream, row, this.#tools.intacct.parseInstant);
      if ('record' in read) records.push(read.record);
      else rejected.push(read.rejected);
    }
    return { records, rejected };
  }

  #recordItem({ ledgerKey, known, remember, event }: SiftedRecord): CommitItem {
    const jobs =
      event === null
        ? []
        : this.stream.queues.map((queue): NewJob => ({ queue, name: event.type, id: event.id, data: event }));
    return { ledgerKey, known, remember, jobs };
  }

  #rejectItem(reject: RejectedRow, stampMs: number, detectedAtMs: number): CommitItem {
    const { connection, location, object } = this.stream;
    const data: RejectedJob = {
      connection,
      location,
      object,
      reason: reject.reason,
      key: reject.key,
      detectedAt: new Date(detectedAtMs).toISOString(),
    };
    return {
      ledgerKey: rejectLedgerKey(reject),
      known: null,
      remember: { stampMs, hash: 'rejected' },
      jobs: [{ queue: REJECTED_QUEUE, name: reject.reason, id: rejectId(this.stream, reject), data }],
    };
  }

  async #commit(after: Progress, items: readonly CommitItem[]): Promise<void> {
    const commit: Commit = {
      stream: this.stream,
      expected: {
        commitNo: this.#commitNo,
        sharedCommitNo: after.sharedMarks === null ? null : this.#sharedCommitNo,
      },
      items,
      state: { commitNo: this.#commitNo + 1, marks: after.marks, scan: after.scan },
      shared: after.sharedMarks === null ? null : { commitNo: this.#sharedCommitNo + 1, marks: after.sharedMarks },
    };
    // Jobs, ledger and marks in one transaction. Marks first would lose a page in a crash; jobs first would repeat one.
    await this.#tools.store.commit(this.#lease, commit);
    this.#commitNo += 1;
    if (after.sharedMarks !== null) this.#sharedCommitNo += 1;
    this.#progress = after;
  }

  #tell(rows: number, sifted: Sifted, rejects: readonly RejectedRow[], nowMs: number): void {
    const { observer } = this.#tools;
    const { records, duplicates, recovered } = sifted;
    this.#counts.rowsRead += rows;
    this.#counts.rejected += rejects.length;
    observer.rowsRead(this.stream, rows);
    if (duplicates > 0) observer.duplicatesSuppressed(this.stream, duplicates);
    this.#counts.recovered += recovered.overlap + recovered.sweep;
    observer.recovered(this.stream, recovered);
    for (const reject of rejects) observer.rowRejected(this.stream, reject.reason);
    for (const { event } of records) {
      if (event === null) continue;
      this.#counts.enqueued += 1;
      const delayMs = nowMs - Date.parse(event.time);
      for (const queue of this.stream.queues) observer.eventEnqueued(this.stream, event.data.op, queue, delayMs);
    }
  }

  async #contain(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof LeaseLostError || this.#lease.lost.aborted || !(error instanceof Error)) throw error;
      if (error.name === 'AbortError') throw error;
      if (error instanceof IntacctError) {
        // Asked for this stream's definition: a request that failed as a whole would fail for the others as well.
        if (error.level !== 'function') throw error;
        await this.refused(error);
        return;
      }
      if (error instanceof ConnectionPausedError || error instanceof ConnectionBlockedError) throw error;
      this.#phase = 'failed';
      this.#error = error;
    }
  }

  #running(): Progress {
    if (this.#progress === null) throw new TypeError('A stream was asked before it had begun');
    return this.#progress;
  }
}
