import type { BudgetStatus } from '../budget-watch.js';
import type { Refusal } from '../state/block-info.js';

/** How far everything has come and what is in its way. No secrets, no rows. Times are ISO 8601. */
export interface Status {
  readonly connections: readonly ConnectionStatus[];
  readonly streams: readonly StreamStatus[];
}

export interface ConnectionStatus {
  readonly name: string;
  readonly companyId: string;
  readonly state: 'active' | 'paused' | 'blocked';
  /** In Sage's own words and ours. */
  readonly blocked: (Refusal & { readonly since: string }) | null;
  readonly pausedUntil: string | null;
  readonly requests: { readonly inFlight: number; readonly waiting: number };
  readonly transactions: BudgetStatus;
}

export interface StreamStatus {
  readonly id: string;
  readonly connection: string;
  readonly location: string;
  readonly object: string;
  readonly state: 'active' | 'paused' | 'blocked';
  readonly blocked: (Refusal & { readonly since: string; readonly probeAt: string }) | null;
  /** Null: has never been read. */
  readonly watermark: string | null;
  /** Age of the watermark by Intacct's clock. */
  readonly lagSeconds: number | null;
  readonly everySeconds: number;
  readonly catchingUp: boolean;
  /** Why its saved state cannot be read, and what to do. */
  readonly trouble: string | null;
}
