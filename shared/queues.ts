/** Where events go when nothing else is configured. */
export const DEFAULT_EVENTS_QUEUE = 'intacct-events';

/** Rows that could not become events: jobs are `RejectedRow`s. Never a target of triggers. */
export const REJECTED_QUEUE = 'intacct-rejected';

/** The worker's own schedule, one job per poller and tick. Not for consumers. */
export const POLLS_QUEUE = 'intacct-polls';

/** BullMQ's own default. */
export const DEFAULT_QUEUE_PREFIX = 'bull';

/** A row that never became an event. It names the row and the reason, not its content: that stays in Intacct. */
export interface RejectedRow {
  readonly connection: string;
  /** The Location ID of the session that read it; null at the top level. */
  readonly location: string | null;
  readonly object: string;
  /** One short sentence, without values of the row. */
  readonly reason: string;
  /** null when the row has no key: that is then the reason. */
  readonly key: string | null;
  /** ISO 8601. */
  readonly detectedAt: string;
}
