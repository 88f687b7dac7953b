import type { Logger } from '../shared/logger.js';
import type { ConnectionSettings } from './config/settings.js';
import { forecast, monthOf, plannedTransactions, stretchFactor } from './core/budget.js';
import type { Usage } from './state/usage.js';

/** Where a connection stands in its month. */
export interface BudgetStatus {
  /** Transactions since the month (UTC) began. */
  readonly used: number;
  /** At its end, if things go on like this. */
  readonly forecast: number;
  /** Null: none was set. */
  readonly budget: number | null;
  /** By how much intervals are stretched now. */
  readonly stretch: number;
}

export interface BudgetWatch {
  look(): Promise<BudgetStatus>;
  stretch(): Promise<number>;
}

/** Between two looks, milliseconds. */
const LOOK_EVERY_MS = 10_000;
const WARN_EVERY_MS = 3_600_000;

/** Warns when the month's budget will not do, and says by how much to stretch intervals once it is spent. */
export function createBudgetWatch(settings: ConnectionSettings, usage: Usage, logger: Logger): BudgetWatch {
  const budget = settings.monthlyTransactions;
  const sessions = settings.locations === 'all' ? 1 : settings.locations.length;
  const intervals = Array.from({ length: sessions }, () => settings.triggers.map((trigger) => trigger.everyMs)).flat();
  let last: { readonly status: BudgetStatus; readonly atMs: number } | null = null;
  let warnedAtMs = Number.NEGATIVE_INFINITY;

  const look = async (): Promise<BudgetStatus> => {
    if (last !== null && performance.now() - last.atMs < LOOK_EVERY_MS) return last.status;
    const nowMs = Date.now();
    const month = monthOf(nowMs);
    const used = (await usage.month(nowMs)).total;
    const plannedPerMonth = plannedTransactions(intervals, month.endMs - month.startMs);
    const expected = forecast({
      usedSoFar: used,
      monthStartMs: month.startMs,
      nowMs,
      monthEndMs: month.endMs,
      plannedPerMonth,
    });
    const status = { used, forecast: expected, budget, stretch: stretchFactor({ used, budget }) };
    last = { status, atMs: performance.now() };
    warn(status);
    return status;
  };

  const warn = (status: BudgetStatus): void => {
    if (budget === null || status.forecast <= budget || performance.now() - warnedAtMs < WARN_EVERY_MS) return;
    warnedAtMs = performance.now();
    logger.warn({ ...status, advice: ADVICE }, status.stretch > 1 ? 'budget.spent' : 'budget.forecast_exceeded');
  };

  return {
    look,
    // Without a budget there is nothing to ask Redis for.
    stretch: async () => (budget === null ? 1 : (await look()).stretch),
  };
}

const ADVICE = 'Poll less often, watch fewer objects, read all locations in one session, or raise monthlyTransactions';

/** Sage bills reads; sign-ins are not taken to be (whether they are is undocumented). */
export function billedFunctions(functions: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const { getAPISession: _signIns, ...reads } = functions;
  return reads;
}
