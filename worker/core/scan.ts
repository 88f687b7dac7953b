import { floorToSecond, SECOND_MS } from './instant.js';
import type { Scan } from './marks.js';
import { type IntacctRecord, stampMs } from './record.js';
import type { Stream } from './stream.js';
import type { Window } from './window.js';

/** A page whose order contradicts the query's: a cursor taken from it would skip rows, so nothing of it is used. */
export class PageOrderError extends Error {
  readonly code = 'PAGE_ORDER';
  override readonly name = 'PageOrderError';
}

export interface ScanPage {
  /** In the order of the page; rows that could not be read are not among them. */
  readonly records: readonly IntacctRecord[];
  /** The page holds as many rows as were asked for, so that there may be more. */
  readonly full: boolean;
}

export interface ScanStep {
  /** What may be emitted now, in order of (stamp, key). */
  readonly take: readonly IntacctRecord[];
  /** Where the scan goes on; null when the window is read to its end. */
  readonly next: Scan | null;
  /** Records outside what was asked for, ignored: a sign that stamps and literals are in different time zones. */
  readonly strays: number;
}

/** Re-reading at most this share of a page is cheaper than a query of its own for the second in which the page ended. */
const SMALL_TIE_SHARE = 0.25;

/**
 * One page of a scan.
 *
 * Whether Intacct honours a second order key is not documented, so no cursor ever points between two rows of one second that came
 * in an order of (stamp, key): the rows of the second in which a full page ended are held back, and read again together with what
 * follows. Where they are many, or the whole page is one second, that second is read alone, ordered and continued by key only.
 *
 * Throws PageOrderError for a full page that is not in the order asked for, or that does not get any further.
 */
export function stepScan(stream: Stream, scan: Scan, page: ScanPage): ScanStep {
  return scan.tieAfterKey === null ? stepLane(stream, scan, page) : stepTie(stream, scan, scan.tieAfterKey, page);
}

/** The one page that answered a whole window. Unlike a step of a scan it mixes both lanes, and its order does not matter. */
export function takeProbe(window: Window, records: readonly IntacctRecord[]): Omit<ScanStep, 'next'> {
  const inWindow = records.filter((record) => stampMs(record) >= window.loMs && stampMs(record) <= window.hiMs);
  return { take: inWindow.sort(byStampAndKey), strays: records.length - inWindow.length };
}

/** The order in which a stream emits: stamp, then key. Keys that are whole numbers compare as numbers of any length. */
function byStampAndKey(a: IntacctRecord, b: IntacctRecord): number {
  return stampMs(a) - stampMs(b) || compareKeys(a.key, b.key);
}

export function compareKeys(a: string, b: string): number {
  if (isWholeNumber(a) && isWholeNumber(b)) {
    const [left, right] = [a.replace(/^0+(?=\d)/, ''), b.replace(/^0+(?=\d)/, '')];
    if (left.length !== right.length) return left.length - right.length;
    if (left !== right) return left < right ? -1 : 1;
  }
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function stepLane(stream: Stream, scan: Scan, page: ScanPage): ScanStep {
  const records = page.records.filter((record) => stampMs(record) >= scan.fromMs && stampMs(record) <= scan.hiMs);
  const strays = page.records.length - records.length;
  if (!page.full) return { take: [...records].sort(byStampAndKey), next: nextLane(stream, scan), strays };

  const first = records[0];
  const last = records.at(-1);
  if (first === undefined || last === undefined) throw new PageOrderError('A full page holds no row of the window');
  for (const [index, record] of records.entries()) {
    const before = records[index - 1];
    if (before !== undefined && stampMs(before) > stampMs(record)) {
      throw new PageOrderError('A full page is not in the order of its time field');
    }
  }

  const lastSecondMs = floorToSecond(stampMs(last));
  const take = records.filter((record) => stampMs(record) < lastSecondMs).sort(byStampAndKey);
  const heldBack = records.length - take.length;
  const alone = take.length === 0 || heldBack > records.length * SMALL_TIE_SHARE;
  return { take, next: { ...scan, fromMs: lastSecondMs, tieAfterKey: alone ? '' : null }, strays };
}

function stepTie(stream: Stream, scan: Scan, afterKey: string, page: ScanPage): ScanStep {
  const records = page.records.filter((record) => floorToSecond(stampMs(record)) === scan.fromMs);
  const strays = page.records.length - records.length;
  if (!page.full) {
    const afterMs = scan.fromMs + SECOND_MS;
    const next = afterMs > scan.hiMs ? nextLane(stream, scan) : { ...scan, fromMs: afterMs, tieAfterKey: null };
    return { take: [...records].sort(byStampAndKey), next, strays };
  }

  let previous = afterKey;
  for (const { key } of records) {
    const numbers = isWholeNumber(key) && (previous === '' || isWholeNumber(previous));
    // Text keys follow a collation that only the server knows; that they move at all is all that can be asked of them.
    if (previous !== '' && (key === previous || (numbers && compareKeys(previous, key) >= 0))) {
      throw new PageOrderError('A full page is not in the order of its key field');
    }
    previous = key;
  }
  if (previous === afterKey) throw new PageOrderError('A full page of one second gets no further');
  return { take: [...records].sort(byStampAndKey), next: { ...scan, tieAfterKey: previous }, strays };
}

function nextLane(stream: Stream, scan: Scan): Scan | null {
  if (scan.lane === 'unmodified' || stream.createdField === null) return null;
  return { ...scan, lane: 'unmodified', fromMs: scan.loMs, tieAfterKey: null };
}

function isWholeNumber(text: string): boolean {
  return /^\d+$/.test(text);
}
