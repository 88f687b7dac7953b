import { floorToSecond, SECOND_MS } from './instant.js';
import type { Marks, Scan } from './marks.js';
import type { Margins, Stream } from './stream.js';

/** A span of stamps `[loMs, hiMs]`, both inclusive and whole seconds, frozen while it is read. */
export interface Window {
  readonly loMs: number;
  readonly hiMs: number;
  readonly sweep: boolean;
}

/** An estimate of Intacct's clock wobbles by its one-second resolution and a round trip; less than this is not a clock set back. */
const CLOCK_WOBBLE_MS = 2 * SECOND_MS;

/** Where a stream that has never run begins. */
export function originOf(startFrom: Stream['startFrom'], serverNowMs: number): number {
  return floorToSecond('atMs' in startFrom ? startFrom.atMs : serverNowMs - startFrom.agoMs);
}

/** Marks as they stand under this reading of Intacct's clock: notes a clock that was set back. */
export function noticeSetBack(marks: Marks, serverNowMs: number, margins: Margins): Marks {
  const behind =
    serverNowMs - margins.settleMs < marks.watermarkMs - CLOCK_WOBBLE_MS && marks.watermarkMs > marks.originMs;
  return behind ? { ...marks, setBackMs: marks.watermarkMs } : marks;
}

/**
 * The next window over all given marks (a stream that also emits shared records has two sets).
 *
 * `lo` reaches back from where the *last* window ended, not from now, so that lateness is covered however long the worker was away:
 * a row that was invisible when a window ended at `w` and is at most OVERLAP (SWEEP_BACK) late has a stamp above `w − OVERLAP`
 * (`w − SWEEP_BACK`). While Intacct's clock stands behind the watermark, the window spans from that clock to the watermark: new
 * stamps fall in there. It never reaches to the ledger's floor, below which emitted and missed rows cannot be told apart.
 */
export function openWindow(allMarks: readonly Marks[], serverNowMs: number, margins: Margins): Window {
  const settledMs = floorToSecond(serverNowMs - margins.settleMs);
  const hiMs = Math.max(settledMs, ...allMarks.map((marks) => marks.watermarkMs));
  // The first window of a stream reads all there is, which makes it a sweep.
  const sweep = allMarks.some(
    (marks) => marks.watermarkMs === marks.originMs || settledMs - marks.sweptMs >= margins.sweepEveryMs,
  );
  const loMs = Math.min(
    ...allMarks.map((marks) => {
      const reach = sweep
        ? Math.min(marks.sweptMs, settledMs) - margins.sweepBackMs
        : Math.min(marks.watermarkMs, settledMs) - margins.overlapMs;
      return Math.max(floorToSecond(reach), marks.originMs, marks.floorMs + SECOND_MS);
    }),
  );
  return { loMs: Math.min(loMs, hiMs), hiMs, sweep };
}

/**
 * Marks after a window was read to its end. `serverNowMs` is the clock of the *answers*: should it prove that the window reached
 * further than was settled (the clock had been set back unnoticed), the watermark stops where it was settled.
 */
export function closeWindow(marks: Marks, window: Window, serverNowMs: number, margins: Margins): Marks {
  const provenMs = Math.min(window.hiMs, floorToSecond(serverNowMs - margins.settleMs));
  const watermarkMs = Math.max(marks.watermarkMs, provenMs);
  if (!window.sweep) return { ...marks, watermarkMs };
  const sweptMs = Math.max(marks.sweptMs, provenMs);
  return { ...marks, watermarkMs, sweptMs, floorMs: Math.max(marks.floorMs, ledgerFloor(marks, window, margins)) };
}

/**
 * Emissions of this window with a stamp at or below this need no entry in the ledger: no later window reaches so far back. Thus a
 * catch-up over years leaves only its last hours in memory. It is the floor once the window is closed.
 */
export function ledgerFloor(marks: Marks, window: Window, margins: Margins): number {
  if (!window.sweep) return marks.floorMs;
  return Math.max(marks.floorMs, floorToSecond(window.hiMs - margins.sweepBackMs) - SECOND_MS);
}

/** While a set-back clock is still inside the reach of sweeps, a stamp older than the one in the ledger may be the newer version. */
export function acceptsOlderStamps(marks: Marks, window: Window, margins: Margins): boolean {
  return marks.setBackMs !== null && window.loMs <= marks.setBackMs + margins.sweepBackMs;
}

export function scanOf(window: Window, withShared: boolean): Scan {
  const { loMs, hiMs, sweep } = window;
  return { loMs, hiMs, sweep, withShared, lane: 'modified', fromMs: loMs, tieAfterKey: null };
}
