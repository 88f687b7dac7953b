import type { Margins } from '../../worker/core/stream.js';

/**
 * A story is data: a setting and what happens in it, act by act. Played twice it goes the same way twice, and it shrinks to the few
 * acts that matter.
 */
export interface Story {
  readonly setting: Setting;
  readonly acts: readonly Act[];
}

export interface Setting {
  readonly margins: keyof typeof MARGINS;
  /** Rows of a page at most, whatever was asked for. */
  readonly pageCap: number;
  /** Does the server order rows of one second by the second key? If not, they come in another order with every query. */
  readonly secondKey: boolean;
  readonly nullsFirst: boolean;
  /** Keys like `K9` and `k10`, in the order of a collation, instead of numbers. */
  readonly textKeys: boolean;
  /** Records have no modified time until they are changed for the first time. */
  readonly nullModified: boolean;
  /** Some queries are answered by a replica that is this far behind. */
  readonly replicaLagMs: number;
  /** Null: one session at the top level. */
  readonly locations: readonly string[] | null;
  readonly objects: 1 | 2;
  readonly queues: 1 | 2;
  /** `all` asks for the object's definition first; one of its fields is then refused. */
  readonly fields: 'all' | 'some';
  readonly startAgoMs: number;
  readonly tickBudgetMs: number;
  readonly requestMs: number;
  /** Hours that the clocks of the workers are wrong. */
  readonly workerSkewHours: number;
  /** Records that exist before the first tick, and the time over which they were created. */
  readonly records: number;
  readonly recordsSpanMs: number;
  /** Order of ties, choices of traffic. */
  readonly salt: number;
}

/** Percent of the lateness that the next window makes up for; above 100, of what the next sweep does. */
type Late = number;

/** How an await ends. */
export type Ending =
  | 'ok'
  /** Done, but the reply is not there yet. */
  | 'hold'
  /** Failed before anything was done. */
  | 'fail'
  /** Done, and the reply is lost. */
  | 'lost'
  /** One function of a request is refused; a commit comes through in part. */
  | 'partial'
  /** A commit whose command arrives after the worker has given it up. */
  | 'delayed'
  | 'crash'
  /** Done, and then the process dies. */
  | 'crashAfter';

/** How the name of an await begins. */
export type AwaitKind = 'load' | 'query' | 'ledger' | 'commit' | 'note' | 'forget' | 'release';

export type Act =
  | { readonly do: 'create'; readonly owner: number; readonly late: Late }
  | { readonly do: 'import'; readonly owner: number; readonly count: number; readonly late: Late }
  | { readonly do: 'edit'; readonly record: number; readonly late: Late }
  | { readonly do: 'move'; readonly record: number; readonly owner: number; readonly late: Late }
  | { readonly do: 'delete'; readonly record: number }
  | { readonly do: 'wait'; readonly ms: number }
  /** The clock of Intacct jumps. */
  | { readonly do: 'jump'; readonly minutes: number }
  | { readonly do: 'start'; readonly worker: number; readonly poller: number }
  | { readonly do: 'step'; readonly worker: number; readonly pick: number; readonly ending: Ending }
  /** Awaits end well until the worker stands at one of this name, which ends otherwise; `stand` leaves it standing there. */
  | { readonly do: 'until'; readonly worker: number; readonly at: AwaitKind; readonly ending: Ending | 'stand' }
  /** So many awaits end well; `traffic` seeds the changes that happen in between, 0 = none. */
  | { readonly do: 'run'; readonly worker: number; readonly awaits: number; readonly traffic: number }
  /** A whole tick. */
  | { readonly do: 'poll'; readonly worker: number; readonly poller: number; readonly traffic: number }
  /** The process is stopped, and does not renew its leases until it takes its next step. */
  | { readonly do: 'freeze'; readonly worker: number }
  | { readonly do: 'crash'; readonly worker: number }
  /** SIGTERM: ticks are asked to end. */
  | { readonly do: 'stop'; readonly worker: number }
  /** The lease of a poller disappears. */
  | { readonly do: 'steal'; readonly poller: number }
  /** The worker is configured with another list of locations. */
  | { readonly do: 'configure'; readonly worker: number; readonly locations: readonly string[] };

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

export const MARGINS = {
  /** So short that many windows and sweeps fit into one story. */
  brisk: { settleMs: 5 * SECOND, overlapMs: 20 * SECOND, sweepEveryMs: 60 * SECOND, sweepBackMs: 180 * SECOND },
  usual: { settleMs: 30 * SECOND, overlapMs: 5 * MINUTE, sweepEveryMs: HOUR, sweepBackMs: 3 * HOUR },
} satisfies Record<string, Margins>;

export const LEASE_MS = 20 * SECOND;
export const EVERY_MS = 10 * SECOND;
export const OBJECTS = ['CUSTOMER', 'VENDOR'] as const;
export const OWNERS = ['A', 'B', 'C'] as const;

export function marginsOf(setting: Setting): Margins {
  return MARGINS[setting.margins];
}

export function latenessMs(setting: Setting, late: Late): number {
  const { settleMs, overlapMs, sweepBackMs } = marginsOf(setting);
  const reachMs = settleMs + (late > 100 ? sweepBackMs : overlapMs) - setting.replicaLagMs;
  return Math.floor((reachMs * (late > 100 ? late - 100 : late)) / 100);
}

/** A small generator of numbers in [0, 1), for what need not shrink. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
