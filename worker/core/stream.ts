import type { EventOp } from '../../shared/event.js';

/** How a stream treats records that no entity owns. A company that is read in several entity sessions shows them in each. */
export type SharedRecords =
  /** One session sees all there is: shared records are records like any other. */
  | 'own'
  /** First location of a list: emits shared records, under marks of their own that a successor can take over. */
  | 'emit'
  /** Any further location: another stream emits them. */
  | 'skip';

/** Connection × location × object: what is watched, and how its rows are read. */
export interface Stream {
  readonly connection: string;
  readonly companyId: string;
  /** The session's entity; null is the top level ("all"). */
  readonly location: string | null;
  readonly sharedRecords: SharedRecords;
  readonly object: string;
  readonly on: readonly EventOp[];
  readonly keyField: string;
  readonly modifiedField: string;
  /** Audit-created time: never a document date. Null where the object has none. */
  readonly createdField: string | null;
  readonly fields: 'all' | readonly string[];
  /** Left out of a version's hash: computed fields that change without a new stamp. */
  readonly ignoreFields: readonly string[];
  readonly where: Readonly<Record<string, string | readonly string[]>>;
  readonly everyMs: number;
  readonly startFrom: { readonly agoMs: number } | { readonly atMs: number };
  readonly queues: readonly string[];
}

/** Margins of the watermark, milliseconds. */
export interface Margins {
  /** Younger rows are left alone: they may still be changing, or not all visible. */
  readonly settleMs: number;
  /** Each window reads this far again behind the last one. */
  readonly overlapMs: number;
  /** How often a window reaches back further, and how far. */
  readonly sweepEveryMs: number;
  readonly sweepBackMs: number;
}

/** How `source`, metrics and keys call the scope of a session. */
export function locationLabel(location: string | null): string {
  return location ?? 'all';
}

/** What a stream is called in `/status` and in the calls that change it. */
export function streamId({ connection, location, object }: Stream): string {
  return [connection, locationLabel(location), object].join('~');
}
