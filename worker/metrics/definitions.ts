/** Before every name but those of prom-client's own metrics of the process. */
export const PREFIX = 'intacct_trigger_';

const POLLER = ['connection', 'location'] as const;
const STREAM = [...POLLER, 'object'] as const;

interface Definition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  readonly buckets?: readonly number[];
}

/**
 * Every metric of the worker, as data: the registry is made of it, and so are the checks that the documentation, the dashboard and
 * the alerts name nothing that does not exist. All labels are bounded: by the settings, or by lists of codes in the source. How to
 * aggregate over replicas stands in deploy/METRICS.md.
 */
export const DEFINITIONS = {
  // Told as things happen: each process counts what it did itself.
  polls_total: { type: 'counter', help: 'Ticks of pollers by how they ended', labels: [...POLLER, 'outcome'] },
  poll_duration_seconds: {
    type: 'histogram',
    help: 'Duration of ticks',
    labels: POLLER,
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
  },
  api_requests_total: {
    type: 'counter',
    help: 'HTTP requests to Intacct; outcome is ok or an error code',
    labels: ['connection', 'outcome'],
  },
  api_request_duration_seconds: {
    type: 'histogram',
    help: 'Duration of HTTP requests to Intacct',
    labels: ['connection'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
  },
  api_transactions_total: {
    type: 'counter',
    help: 'API functions sent, each billed as one transaction',
    labels: ['connection', 'function'],
  },
  records_read_total: { type: 'counter', help: 'Rows read from Intacct', labels: STREAM },
  events_enqueued_total: { type: 'counter', help: 'Events enqueued', labels: [...STREAM, 'op', 'queue'] },
  duplicates_suppressed_total: {
    type: 'counter',
    help: 'Versions read again and not enqueued again',
    labels: STREAM,
  },
  records_rejected_total: {
    type: 'counter',
    help: 'Rows that could not become events',
    labels: [...STREAM, 'reason'],
  },
  sweep_finds_total: {
    type: 'counter',
    help: 'Versions that an earlier window had missed, by the margin that recovered them: overlap or sweep',
    labels: [...STREAM, 'margin'],
  },
  detection_delay_seconds: {
    type: 'histogram',
    help: 'From the change in Intacct to its detection',
    labels: STREAM,
    buckets: [1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 10800, 86400],
  },
  last_success_timestamp_seconds: {
    type: 'gauge',
    help: 'When this process last read a stream to the end of its window, Unix time',
    labels: STREAM,
  },
  commits_failed_total: {
    type: 'counter',
    help: 'Commits that were not done, or not known to be done; the stream is read again from where it was',
    labels: ['code'],
  },
  lease_changes_total: {
    type: 'counter',
    help: 'Pollers that this process took over from one that had not given them back',
    labels: POLLER,
  },
  schedules_revived_total: {
    type: 'counter',
    help: 'Schedules that had lost their next tick and were made again',
    labels: [],
  },

  // Read from Redis at the scrape: every replica tells the same.
  watermark_timestamp_seconds: {
    type: 'gauge',
    help: "Everything up to here has been enqueued; Unix time of Intacct's clock",
    labels: STREAM,
  },
  watermark_lag_seconds: { type: 'gauge', help: 'Age of the watermark at the scrape', labels: STREAM },
  poll_interval_seconds: {
    type: 'gauge',
    help: "How often a stream is to be read; grows when the month's budget is spent",
    labels: STREAM,
  },
  stream_state: { type: 'gauge', help: '1 for the present state of a stream', labels: [...STREAM, 'state'] },
  stream_blocked_info: {
    type: 'gauge',
    help: '1 for a blocked stream, with the code of the refusal',
    labels: [...STREAM, 'code'],
  },
  stream_catching_up: {
    type: 'gauge',
    help: '1 while a window that needs more than one page is being read',
    labels: STREAM,
  },
  connection_state: {
    type: 'gauge',
    help: '1 for the present state of a connection',
    labels: ['connection', 'state'],
  },
  connection_blocked_info: {
    type: 'gauge',
    help: '1 for a blocked connection, with the code of the refusal',
    labels: ['connection', 'code'],
  },
  request_slots_in_use: { type: 'gauge', help: 'Requests to Intacct in flight', labels: ['connection'] },
  request_slots_waiting: { type: 'gauge', help: 'Requests to Intacct that wait for a slot', labels: ['connection'] },
  request_slots_limit: {
    type: 'gauge',
    help: 'Requests to Intacct that may be in flight at once',
    labels: ['connection'],
  },
  transactions_month: {
    type: 'gauge',
    help: 'API transactions since the month (UTC) began',
    labels: ['connection'],
  },
  transactions_forecast: {
    type: 'gauge',
    help: 'API transactions at the end of the month, if things go on like this',
    labels: ['connection'],
  },
  transactions_budget: {
    type: 'gauge',
    help: 'API transactions a month that the worker may use; absent without a budget',
    labels: ['connection'],
  },
  queue_waiting_jobs: { type: 'gauge', help: 'Jobs that wait for a consumer', labels: ['queue'] },
  queue_delayed_jobs: { type: 'gauge', help: 'Jobs that wait for another attempt', labels: ['queue'] },
  queue_failed_jobs: { type: 'gauge', help: 'Jobs that consumers have given up', labels: ['queue'] },
  queue_oldest_waiting_age_seconds: {
    type: 'gauge',
    help: 'Age of the oldest job that waits for a consumer; 0 when none does',
    labels: ['queue'],
  },
  redis_up: { type: 'gauge', help: '1 when Redis answered this scrape', labels: [] },
  redis_memory_used_ratio: {
    type: 'gauge',
    help: "Redis' memory in use, of maxmemory, or of its machine's memory where no limit is set",
    labels: [],
  },
  redis_persistence_ok: {
    type: 'gauge',
    help: '1 when Redis keeps an append-only file and its last writes to disk went well',
    labels: [],
  },
  redis_evicts: { type: 'gauge', help: '1 when Redis may throw keys away: maxmemory-policy', labels: [] },

  // What this process is and knows of the others.
  replicas: { type: 'gauge', help: 'Live processes on this Redis and prefix, this one included', labels: [] },
  configurations_disagree: {
    type: 'gauge',
    help: "Live processes with another configuration than this one's",
    labels: [],
  },
  build_info: { type: 'gauge', help: '1, with the version of the worker', labels: ['version'] },
} as const satisfies Readonly<Record<string, Definition>>;

type Definitions = typeof DEFINITIONS;
export type NameOf<T extends Definition['type']> = {
  [N in keyof Definitions]: Definitions[N]['type'] extends T ? N : never;
}[keyof Definitions];
export type LabelOf<N extends keyof Definitions> = Definitions[N]['labels'][number];
