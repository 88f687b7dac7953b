import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { billedFunctions } from './budget-watch.js';
import { locationLabel, type Stream } from './core/stream.js';
import type { RequestInfo } from './intacct/client.js';
import type { StreamReport } from './stream-run.js';
import type { Poller, TickObserver } from './tick-tools.js';

const PREFIX = 'intacct_trigger_';
const STREAM = ['connection', 'location', 'object'] as const;
const POLLER = ['connection', 'location'] as const;

/** What a stream is doing, as an operator sees it. */
export const STREAM_STATES = ['active', 'paused', 'blocked', 'backpressure'] as const;
export type StreamStateName = (typeof STREAM_STATES)[number];

/** How a tick ended. */
export type PollOutcome = 'done' | 'unfinished' | 'busy' | 'paused' | 'blocked' | 'stopped' | 'failed';

export interface Metrics extends TickObserver {
  request(connection: string, info: RequestInfo): void;
  poll(poller: Poller, outcome: PollOutcome, durationMs: number): void;
  stream(report: StreamReport, succeededAtMs: number): void;
  /** Read anew at each scrape, from Redis: every replica tells the same. */
  onScrape(refresh: () => Promise<void>): void;
  watermark(stream: Stream, watermarkMs: number, serverNowMs: number): void;
  schedulesRevived(count: number): void;
  /** Prometheus text. */
  render(): Promise<string>;
  readonly contentType: string;
}

/** One registry, made here and passed on. Labels are bounded by the settings: names of connections, locations, objects, queues. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name: `${PREFIX}${name}`, help, labelNames: [...labelNames], registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge({ name: `${PREFIX}${name}`, help, labelNames: [...labelNames], registers });
  const histogram = <L extends string>(name: string, help: string, labelNames: readonly L[], buckets: number[]) =>
    new Histogram({ name: `${PREFIX}${name}`, help, labelNames: [...labelNames], buckets, registers });

  const polls = counter('polls_total', 'Ticks of pollers by how they ended', [...POLLER, 'outcome']);
  const pollDuration = histogram(
    'poll_duration_seconds',
    'Duration of ticks',
    POLLER,
    [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
  );
  const requests = counter('api_requests_total', 'HTTP requests to Intacct; outcome is ok or an error code', [
    'connection',
    'outcome',
  ]);
  const requestDuration = histogram(
    'api_request_duration_seconds',
    'Duration of HTTP requests to Intacct',
    ['connection'],
    [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
  );
  const transactions = counter('api_transactions_total', 'API functions sent, each billed as one transaction', [
    'connection',
    'function',
  ]);
  const rows = counter('records_read_total', 'Rows read from Intacct', STREAM);
  const enqueued = counter('events_enqueued_total', 'Events enqueued', [...STREAM, 'op', 'queue']);
  const duplicates = counter('duplicates_suppressed_total', 'Versions read again and not enqueued again', STREAM);
  const rejected = counter('records_rejected_total', 'Rows that could not become events', [...STREAM, 'reason']);
  const watermark = gauge(
    'watermark_timestamp_seconds',
    "Everything up to here has been enqueued; Unix time of Intacct's clock. Same on every replica: aggregate with max",
    STREAM,
  );
  const lag = gauge('watermark_lag_seconds', 'Age of the watermark at the scrape. Aggregate with min', STREAM);
  const delay = histogram(
    'detection_delay_seconds',
    'From the change in Intacct to its detection',
    STREAM,
    [1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 10800, 86400],
  );
  const state = gauge('stream_state', '1 for the present state of a stream', [...STREAM, 'state']);
  const lastSuccess = gauge(
    'last_success_timestamp_seconds',
    'When a stream was last read to the end of its window. Aggregate with max',
    STREAM,
  );
  const revived = counter('schedules_revived_total', 'Schedules that had lost their next tick and were made again', []);

  let refresh: () => Promise<void> = () => Promise.resolve();
  const labels = (stream: Stream) => ({
    connection: stream.connection,
    location: locationLabel(stream.location),
    object: stream.object,
  });

  return {
    contentType: registry.contentType,
    rowsRead: (stream, count) => rows.inc(labels(stream), count),
    duplicatesSuppressed: (stream, count) => duplicates.inc(labels(stream), count),
    rowRejected: (stream, reason) => rejected.inc({ ...labels(stream), reason }),
    eventEnqueued(stream, op, queue, delayMs) {
      enqueued.inc({ ...labels(stream), op, queue });
      delay.observe(labels(stream), Math.max(0, delayMs) / 1000);
    },
    request(connection, { outcome, durationMs, functions }) {
      requests.inc({ connection, outcome });
      requestDuration.observe({ connection }, durationMs / 1000);
      for (const [name, count] of Object.entries(billedFunctions(functions)))
        transactions.inc({ connection, function: name }, count);
    },
    poll({ connection, location }, outcome, durationMs) {
      const poller = { connection, location: locationLabel(location) };
      polls.inc({ ...poller, outcome });
      if (outcome !== 'busy') pollDuration.observe(poller, durationMs / 1000);
    },
    stream(report, succeededAtMs) {
      if (report.outcome === 'waiting') return;
      const { outcome } = report;
      const current: StreamStateName = isStreamState(outcome) ? outcome : 'active';
      for (const name of STREAM_STATES) state.set({ ...labels(report.stream), state: name }, name === current ? 1 : 0);
      if (report.outcome === 'done') lastSuccess.set(labels(report.stream), succeededAtMs / 1000);
    },
    onScrape(next) {
      refresh = next;
    },
    watermark(stream, watermarkMs, serverNowMs) {
      watermark.set(labels(stream), watermarkMs / 1000);
      lag.set(labels(stream), Math.max(0, serverNowMs - watermarkMs) / 1000);
    },
    schedulesRevived: (count) => revived.inc(count),
    async render() {
      // A scrape tells the last known values rather than nothing when Redis is away.
      await refresh().catch(() => undefined);
      return registry.metrics();
    },
  };
}

function isStreamState(outcome: string): outcome is StreamStateName {
  return STREAM_STATES.some((name) => name === outcome);
}
