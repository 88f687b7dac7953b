import type { EventOp } from '../shared/event.js';
import type { Ledger } from './core/ledger.js';
import type { Marks, StreamState } from './core/marks.js';
import type { ParseInstant, RejectReason, Version } from './core/record.js';
import type { Recovered } from './core/sift.js';
import type { Stream } from './core/stream.js';
import type { IntacctError, Settled } from './intacct/errors.js';
import type { Page, Query } from './intacct/query.js';

/** Connection × location: what one scheduled job polls. */
export interface Poller {
  readonly connection: string;
  readonly location: string | null;
  readonly streams: readonly Stream[];
  readonly everyMs: number;
}

/** One poller's right to work, for as long as it lasts. */
export interface Lease {
  readonly key: string;
  readonly token: string;
  /** Fires when the lease is known to be gone. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/** What is kept of a stream; null for what was never written. */
export interface SavedStream {
  readonly state: StreamState | null;
  readonly shared: { readonly commitNo: number; readonly marks: Marks } | null;
}

/** A job for one target queue. Its id is the same on every attempt. */
export interface NewJob {
  readonly queue: string;
  readonly name: string;
  readonly id: string;
  readonly data: unknown;
}

/** One record's share of a commit: what to enqueue, and what to remember of it. */
export interface CommitItem {
  readonly ledgerKey: string;
  /** What the ledger held when this was decided: should it have changed since, the commit is refused. */
  readonly known: Version | null;
  readonly remember: Version | null;
  readonly jobs: readonly NewJob[];
}

/** All or nothing: the jobs, what the ledger remembers of them, and where the stream goes on. */
export interface Commit {
  readonly stream: Stream;
  /** The commit numbers that were loaded: another writer's commit in between refuses this one. */
  readonly expected: { readonly commitNo: number; readonly sharedCommitNo: number | null };
  readonly items: readonly CommitItem[];
  readonly state: StreamState;
  readonly shared: { readonly commitNo: number; readonly marks: Marks } | null;
}

export interface StreamStore {
  /** Throws when it could not look; that is not the same as null. */
  load(stream: Stream): Promise<SavedStream>;
  /** Entries of these record keys; keys that are not in the ledger are not in the map. */
  ledger(stream: Stream, recordKeys: readonly string[]): Promise<Ledger>;
  commit(lease: Lease, commit: Commit): Promise<void>;
}

/** The company as a tick needs it. */
export interface Intacct {
  /** Makes sure of a session; afterwards the clock is known. */
  signIn(location: string | null, signal: AbortSignal): Promise<unknown>;
  query(location: string | null, queries: readonly Query[], signal: AbortSignal): Promise<readonly Settled<Page>[]>;
  /** Intacct's clock, never ahead of it; epoch milliseconds. */
  serverNowMs(): number;
  readonly parseInstant: ParseInstant;
}

/** Streams that are not to be read: refused by Intacct, or paused by an operator. */
export interface StreamTroubles {
  /** In the order of the streams. */
  load(streams: readonly Stream[]): Promise<readonly StreamTrouble[]>;
  /** Intacct refuses the stream: leave it alone until it is time to ask again. */
  recordRefusal(stream: Stream, error: IntacctError): Promise<void>;
  /** Trouble that may pass, or become a refusal when it comes too often in a row. */
  strike(stream: Stream, error: IntacctError): Promise<unknown>;
  /** It went well. */
  cleared(stream: Stream): Promise<void>;
}

export interface StreamTrouble {
  readonly paused: boolean;
  readonly blocked: { readonly code: string; readonly probeDue: boolean } | null;
}

/** Which fields a stream asks for. */
export interface FieldPlans {
  select(stream: Stream, signal: AbortSignal): Promise<readonly string[]>;
  /**
   * Intacct refuses these: never ask for them again. False when asking again is no use: one of them is the key or a time, or none of
   * them was asked for.
   */
  drop(stream: Stream, fields: readonly string[], asked: readonly string[]): boolean;
}

/** Told as things happen. Must not throw. */
export interface TickObserver {
  rowsRead(stream: Stream, rows: number): void;
  eventEnqueued(stream: Stream, op: EventOp, queue: string, delayMs: number): void;
  duplicatesSuppressed(stream: Stream, count: number): void;
  rowRejected(stream: Stream, reason: RejectReason): void;
  /** Versions that an earlier window had missed. */
  recovered(stream: Stream, found: Recovered): void;
}

/** How many rows a page of this connection asks for: fewer after trouble, growing back. Shared by its pollers. */
export interface PageSize {
  rows: number;
}

export interface TickTools {
  /** Null: another process has the poller. */
  takeLease(poller: Poller): Promise<Lease | null>;
  readonly store: StreamStore;
  readonly intacct: Intacct;
  readonly fields: FieldPlans;
  readonly pageSize: PageSize;
  /**
   * Runs one request when it is the connection's turn; its signal fires with the one given. Throws ConnectionPausedError and
   * ConnectionBlockedError when nothing may be sent.
   */
  withSlot<T>(request: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T>;
  readonly troubles: StreamTroubles;
  /** Why nothing more may be enqueued for now; null when it may. */
  backpressure(queues: readonly string[]): Promise<string | null>;
  /** By how much intervals grow, since the month's budget is spent: 1 or more. */
  stretch(): Promise<number>;
  readonly monotonicNowMs: () => number;
  readonly observer: TickObserver;
}
