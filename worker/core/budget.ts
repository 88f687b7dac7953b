/** A calendar month in UTC. */
export interface Month {
  /** As in 2026-11. */
  readonly name: string;
  /** Epoch milliseconds, inclusive. */
  readonly startMs: number;
  /** Epoch milliseconds, exclusive. */
  readonly endMs: number;
}

/** @param nowMs epoch milliseconds. */
export function monthOf(nowMs: number): Month {
  const now = new Date(nowMs);
  const startMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth());
  return {
    name: new Date(startMs).toISOString().slice(0, 7),
    startMs,
    endMs: Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1),
  };
}

const MONTH_MS = 30 * 86_400_000;

/**
 * What idle polling alone costs: one query per stream and interval, since a window without much in it is read in one. Catching up,
 * sweeps, lookups and sign-ins come on top.
 *
 * @param everyMs one interval for each stream, milliseconds
 * @param monthMs 30 days unless told
 */
export function plannedTransactions(everyMs: readonly number[], monthMs = MONTH_MS): number {
  return Math.ceil(everyMs.reduce((sum, interval) => sum + monthMs / interval, 0));
}

export interface ForecastInput {
  readonly usedSoFar: number;
  readonly monthStartMs: number;
  readonly nowMs: number;
  readonly monthEndMs: number;
  /** What `plannedTransactions` says of the present settings. */
  readonly plannedPerMonth: number;
}

/**
 * Transactions at the end of the month: what was used, and for the rest of the month the planned rate, or more if more than planned
 * was used. That "more" counts by the part of the month it was seen in: a catch-up on the first day is not taken for the whole
 * month. Never below the planned rate: a worker that was started in the middle of the month has used little so far.
 */
export function forecast({ usedSoFar, monthStartMs, nowMs, monthEndMs, plannedPerMonth }: ForecastInput): number {
  const elapsed = Math.min(1, Math.max(0, (nowMs - monthStartMs) / (monthEndMs - monthStartMs)));
  // elapsed × (used / elapsed − planned), without the division by zero.
  const aboveThePlan = Math.max(0, usedSoFar - plannedPerMonth * elapsed);
  return Math.round(usedSoFar + (plannedPerMonth + aboveThePlan) * (1 - elapsed));
}

/**
 * By how much the intervals of a connection grow past its monthly budget: ×4 up to a tenth above it, ×12 beyond. Events come later
 * then, and none is lost; nothing ever stops altogether, because the overage of an idle stream costs less than a silent month.
 */
export function stretchFactor({ used, budget }: { readonly used: number; readonly budget: number | null }): 1 | 4 | 12 {
  if (budget === null || used <= budget) return 1;
  return used <= budget * 1.1 ? 4 : 12;
}
