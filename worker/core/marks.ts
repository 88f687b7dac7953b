import { SECOND_MS } from './instant.js';

/**
 * How far a stream has come. All instants are epoch milliseconds of Intacct's clock.
 *
 * Guarantee: every version with a stamp in `[originMs, watermarkMs]` that was visible when it was read has been enqueued; the ledger
 * holds every emission with a stamp above `floorMs`. Hole: a version that becomes visible more than the sweep's reach after its
 * stamp is not seen until its record changes again.
 */
export interface Marks {
  /** Where the stream began; nothing older is ever emitted. */
  readonly originMs: number;
  /** End (inclusive) of the last finished window. Never moves back. */
  readonly watermarkMs: number;
  /** End of the last finished window that was a sweep. */
  readonly sweptMs: number;
  /** Emissions with a stamp above this are all in the ledger. Never moves back. */
  readonly floorMs: number;
  /** Watermark at the moment Intacct's clock was last seen standing behind it; null if it never was. */
  readonly setBackMs: number | null;
}

/** The scan of one window: where it stands between ticks and after a crash. */
export interface Scan {
  /** Inclusive bounds, whole seconds, frozen when the window was opened. */
  readonly loMs: number;
  readonly hiMs: number;
  readonly sweep: boolean;
  /** The scan has looked for shared records from its beginning, so that its end may be told of them as well. */
  readonly withShared: boolean;
  readonly lane: Lane;
  /** Everything of this lane before this second is done. */
  readonly fromMs: number;
  /** Set while the second `fromMs` is read alone, in key order: keys up to this one are done ('' = none yet). */
  readonly tieAfterKey: string | null;
}

/** Rows by their modified stamp, then the rows that were never modified by their created stamp. */
export type Lane = 'modified' | 'unmodified';

/** What is kept of a stream between ticks. */
export interface StreamState {
  /** Counts commits: a writer that expected another number has been overtaken. */
  readonly commitNo: number;
  readonly marks: Marks;
  /** Null between windows, the usual case. */
  readonly scan: Scan | null;
}

export function firstMarks(originMs: number): Marks {
  return { originMs, watermarkMs: originMs, sweptMs: originMs, floorMs: originMs - SECOND_MS, setBackMs: null };
}
