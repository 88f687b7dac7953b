import type { Query } from '../intacct/query.js';
import { firstMarks, type Marks, type Scan, type StreamState } from './marks.js';
import { type PageShape, probeQuery, scanQuery } from './page-query.js';
import type { IntacctRecord } from './record.js';
import { type ScanPage, stepScan, takeProbe } from './scan.js';
import type { Margins, Stream } from './stream.js';
import { closeWindow, noticeSetBack, openWindow, originOf, scanOf, type Window } from './window.js';

/** A stream in the middle of a tick. */
export interface Progress {
  readonly marks: Marks;
  /** Marks of the shared records, where this window is to emit them apart from the stream's own. */
  readonly sharedMarks: Marks | null;
  readonly window: Window;
  /** Null: the window is still to be probed with one query. */
  readonly scan: Scan | null;
}

/** Takes up a stream where it was left: in the middle of a window, before its next one, or, having never run, at its start. */
export function resume(
  stream: Stream,
  saved: Pick<StreamState, 'marks' | 'scan'> | null,
  savedShared: Marks | null,
  serverNowMs: number,
  margins: Margins,
): Progress {
  const ownMarks = saved?.marks ?? firstMarks(originOf(stream.startFrom, serverNowMs));
  const marks = noticeSetBack(ownMarks, serverNowMs, margins);
  // A location that becomes the first in the middle of a scan has passed shared records by: it emits them from its next window on,
  // which begins where they were left. One that stops being the first must not end a scan for them later.
  const emitsShared = stream.sharedRecords === 'emit' && saved?.scan?.withShared !== false;
  // Nobody has ever emitted shared records: they begin where this stream began, not where it has come to without them.
  const sharedMarks = savedShared ?? firstMarks(ownMarks.originMs);
  const shared = emitsShared ? noticeSetBack(sharedMarks, serverNowMs, margins) : null;
  const scan = saved?.scan ? { ...inExistingLane(stream, saved.scan), withShared: emitsShared } : null;
  const window = scan ?? openWindow(shared === null ? [marks] : [marks, shared], serverNowMs, margins);
  return { marks, sharedMarks: shared, window, scan };
}

/** The settings may have lost the created field since: then the modified lane, which comes first, was read to its end. */
function inExistingLane(stream: Stream, scan: Scan): Scan {
  if (scan.lane === 'modified' || stream.createdField !== null) return scan;
  return { ...scan, lane: 'modified', fromMs: scan.hiMs, tieAfterKey: null };
}

export function nextQuery(stream: Stream, progress: Progress, shape: PageShape): Query {
  if (progress.scan === null) return probeQuery(stream, progress.window, shape);
  return scanQuery(stream, progress.scan, shape);
}

/** What one page brings, and how the stream goes on after it is committed. */
export interface Turn {
  readonly take: readonly IntacctRecord[];
  readonly strays: number;
  readonly after: Progress;
  /** The window is read to its end. */
  readonly windowDone: boolean;
}

/** Throws PageOrderError. A full probe is thrown away: it has no order that a cursor could be taken from. */
export function turnPage(stream: Stream, progress: Progress, page: ScanPage): Turn {
  if (progress.scan === null) {
    if (page.full) {
      return {
        take: [],
        strays: 0,
        after: { ...progress, scan: scanOf(progress.window, progress.sharedMarks !== null) },
        windowDone: false,
      };
    }
    return { ...takeProbe(progress.window, page.records), after: progress, windowDone: true };
  }
  const { take, strays, next } = stepScan(stream, progress.scan, page);
  return { take, strays, after: { ...progress, scan: next }, windowDone: next === null };
}

/** After the last page of a window. `serverNowMs` is the clock of the answers (closeWindow). */
export function finishWindow(progress: Progress, serverNowMs: number, margins: Margins): Progress {
  // A clock that was set back while this tick ran may be past the watermark again before the next one looks.
  const close = (marks: Marks): Marks =>
    closeWindow(noticeSetBack(marks, serverNowMs, margins), progress.window, serverNowMs, margins);
  return {
    ...progress,
    marks: close(progress.marks),
    sharedMarks: progress.sharedMarks === null ? null : close(progress.sharedMarks),
    scan: null,
  };
}
