import { billedFunctions } from '../budget-watch.js';
import { REJECT_REASONS } from '../core/record.js';
import type { RequestInfo } from '../intacct/client.js';
import { COMMIT_CODES, type CommitCode } from '../state/errors.js';
import type { StreamReport } from '../stream-run.js';
import type { Poller, TickObserver } from '../tick-tools.js';
import { pollerLabels, streamLabels } from './labels.js';
import type { MetricRegistry } from './registry.js';

/** How a tick ended. */
export const POLL_OUTCOMES = [
  'done',
  'partial',
  'unfinished',
  'busy',
  'paused',
  'blocked',
  'stopped',
  'failed',
] as const;
export type PollOutcome = (typeof POLL_OUTCOMES)[number];

/** Told as things happen; none of it throws or waits. */
export interface Activity extends TickObserver {
  request(connection: string, info: RequestInfo): void;
  poll(poller: Poller, outcome: PollOutcome, durationMs: number): void;
  stream(report: StreamReport, succeededAtMs: number): void;
  commitFailed(code: CommitCode): void;
  leaseTakenOver(poller: Pick<Poller, 'connection' | 'location'>): void;
  schedulesRevived(count: number): void;
}

export function createActivity(registry: MetricRegistry, pollers: readonly Poller[]): Activity {
  const polls = registry.counter('polls_total');
  const pollDuration = registry.histogram('poll_duration_seconds');
  const requests = registry.counter('api_requests_total');
  const requestDuration = registry.histogram('api_request_duration_seconds');
  const transactions = registry.counter('api_transactions_total');
  const rows = registry.counter('records_read_total');
  const enqueued = registry.counter('events_enqueued_total');
  const duplicates = registry.counter('duplicates_suppressed_total');
  const rejected = registry.counter('records_rejected_total');
  const finds = registry.counter('sweep_finds_total');
  const delay = registry.histogram('detection_delay_seconds');
  const lastSuccess = registry.gauge('last_success_timestamp_seconds');
  const commitsFailed = registry.counter('commits_failed_total');
  const leaseChanges = registry.counter('lease_changes_total');
  const revived = registry.counter('schedules_revived_total');

  // A series that begins at 1 has never increased, as far as Prometheus can tell: those that alerts look at begin at 0.
  for (const poller of pollers) {
    for (const outcome of POLL_OUTCOMES) polls.inc({ ...pollerLabels(poller), outcome }, 0);
    leaseChanges.inc(pollerLabels(poller), 0);
    requests.inc({ connection: poller.connection, outcome: 'ok' }, 0);
    for (const stream of poller.streams) {
      const labels = streamLabels(stream);
      rows.inc(labels, 0);
      duplicates.inc(labels, 0);
      for (const reason of REJECT_REASONS) rejected.inc({ ...labels, reason }, 0);
      for (const margin of ['overlap', 'sweep']) finds.inc({ ...labels, margin }, 0);
      for (const op of stream.on) for (const queue of stream.queues) enqueued.inc({ ...labels, op, queue }, 0);
    }
  }
  for (const code of COMMIT_CODES) commitsFailed.inc({ code }, 0);

  return {
    rowsRead: (stream, count) => rows.inc(streamLabels(stream), count),
    duplicatesSuppressed: (stream, count) => duplicates.inc(streamLabels(stream), count),
    rowRejected: (stream, reason) => rejected.inc({ ...streamLabels(stream), reason }),
    recovered(stream, { overlap, sweep }) {
      finds.inc({ ...streamLabels(stream), margin: 'overlap' }, overlap);
      finds.inc({ ...streamLabels(stream), margin: 'sweep' }, sweep);
    },
    eventEnqueued(stream, op, queue, delayMs) {
      enqueued.inc({ ...streamLabels(stream), op, queue });
      delay.observe(streamLabels(stream), Math.max(0, delayMs) / 1000);
    },
    request(connection, { outcome, durationMs, functions }) {
      requests.inc({ connection, outcome });
      requestDuration.observe({ connection }, durationMs / 1000);
      for (const [name, count] of Object.entries(billedFunctions(functions)))
        transactions.inc({ connection, function: name }, count);
    },
    poll(poller, outcome, durationMs) {
      polls.inc({ ...pollerLabels(poller), outcome });
      if (outcome !== 'busy') pollDuration.observe(pollerLabels(poller), durationMs / 1000);
    },
    stream({ stream, outcome }, succeededAtMs) {
      if (outcome === 'done') lastSuccess.set(streamLabels(stream), succeededAtMs / 1000);
    },
    commitFailed: (code) => commitsFailed.inc({ code }),
    leaseTakenOver: (poller) => leaseChanges.inc(pollerLabels(poller)),
    schedulesRevived: (count) => revived.inc(count),
  };
}
