import { readdirSync, readFileSync } from 'node:fs';

/** What a process uses of the machine. */
export interface Vitals {
  readonly atMs: number;
  readonly rssMb: number;
  /** Open files and sockets. */
  readonly handles: number;
}

/** Null where there is no /proc, and for a process that is gone. */
export function readVitals(pid: number): Vitals | null {
  try {
    const rssKb = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    if (rssKb === undefined) return null;
    return { atMs: Date.now(), rssMb: Number(rssKb) / 1024, handles: readdirSync(`/proc/${pid}/fd`).length };
  } catch {
    return null;
  }
}

export interface Trend {
  readonly early: number;
  readonly late: number;
}

/** Medians of the second and of the last quarter: the first is warming up, and single values say little of a garbage collector. */
export function trendOf(samples: readonly Vitals[], what: 'rssMb' | 'handles'): Trend | null {
  if (samples.length < 8) return null;
  const quarter = Math.floor(samples.length / 4);
  const values = samples.map((sample) => sample[what]);
  return { early: median(values.slice(quarter, 2 * quarter)), late: median(values.slice(-quarter)) };
}

/** Growth that no garbage collector explains. Less is told, and judged by whoever reads it. */
export function isClearGrowth(what: 'rssMb' | 'handles', { early, late }: Trend): boolean {
  return what === 'rssMb' ? late > 1.6 * early + 30 : late > early + 15;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
