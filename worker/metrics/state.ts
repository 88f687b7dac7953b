import type { Stream } from '../core/stream.js';
import type { Poller } from '../tick-tools.js';
import { streamLabels } from './labels.js';
import type { MetricRegistry } from './registry.js';

/** What a stream is doing, as an operator sees it. */
export const STREAM_STATES = ['active', 'paused', 'blocked', 'backpressure'] as const;
export type StreamStateName = (typeof STREAM_STATES)[number];

export const CONNECTION_STATES = ['active', 'paused', 'blocked'] as const;
export type ConnectionStateName = (typeof CONNECTION_STATES)[number];

export interface StreamSample {
  readonly stream: Stream;
  readonly state: StreamStateName;
  /** Code of the refusal where it is blocked. */
  readonly blockedCode: string | null;
}

export interface ConnectionSample {
  readonly connection: string;
  readonly state: ConnectionStateName;
  readonly blockedCode: string | null;
  readonly inFlight: number;
  readonly waiting: number;
  readonly limit: number;
}

export interface MonthSample {
  readonly used: number;
  readonly forecast: number;
  /** Null: none was set. */
  readonly budget: number | null;
  /** By how much intervals are stretched now. */
  readonly stretch: number;
}

export interface QueueSample {
  readonly queue: string;
  readonly waiting: number;
  readonly delayed: number;
  readonly failed: number;
  readonly oldestWaitingAgeMs: number;
}

/** Null for what this Redis does not tell. */
export interface RedisSample {
  readonly memoryUsedRatio: number | null;
  readonly persistenceOk: boolean | null;
  readonly evicts: boolean | null;
}

export type StateGauges = ReturnType<typeof createStateGauges>;

/** What is read at a scrape. Each part is set as a whole; a part that could not be read keeps what it showed. */
export function createStateGauges(registry: MetricRegistry, pollers: readonly Poller[], version: string) {
  const watermark = registry.gauge('watermark_timestamp_seconds');
  const lag = registry.gauge('watermark_lag_seconds');
  const interval = registry.gauge('poll_interval_seconds');
  const streamState = registry.gauge('stream_state');
  const streamBlocked = registry.gauge('stream_blocked_info');
  const catchingUp = registry.gauge('stream_catching_up');
  const connectionState = registry.gauge('connection_state');
  const connectionBlocked = registry.gauge('connection_blocked_info');
  const slotsInUse = registry.gauge('request_slots_in_use');
  const slotsWaiting = registry.gauge('request_slots_waiting');
  const slotsLimit = registry.gauge('request_slots_limit');
  const used = registry.gauge('transactions_month');
  const forecast = registry.gauge('transactions_forecast');
  const budget = registry.gauge('transactions_budget');
  const queueWaiting = registry.gauge('queue_waiting_jobs');
  const queueDelayed = registry.gauge('queue_delayed_jobs');
  const queueFailed = registry.gauge('queue_failed_jobs');
  const oldestWaiting = registry.gauge('queue_oldest_waiting_age_seconds');
  const redisUp = registry.gauge('redis_up');
  const memoryRatio = registry.gauge('redis_memory_used_ratio');
  const persistenceOk = registry.gauge('redis_persistence_ok');
  const evicts = registry.gauge('redis_evicts');
  const replicas = registry.gauge('replicas');
  const disagree = registry.gauge('configurations_disagree');
  // Unknown is not nought: nothing is shown of Redis and of other replicas before they were asked.
  for (const unknown of [memoryRatio, persistenceOk, evicts, replicas, disagree]) unknown.remove();

  registry.gauge('build_info').set({ version }, 1);
  const setIntervals = (connection: string | null, stretch: number): void => {
    for (const poller of pollers) {
      if (connection !== null && poller.connection !== connection) continue;
      for (const stream of poller.streams) {
        interval.set(streamLabels(stream), (Math.max(stream.everyMs, poller.everyMs) * stretch) / 1000);
      }
    }
  };
  setIntervals(null, 1);
  const watermarks = new Map<Stream, number>();
  const setOrRemove = (gauge: typeof memoryRatio, value: number | boolean | null): void => {
    if (value === null) gauge.remove();
    else gauge.set(Number(value));
  };

  return {
    streams(samples: readonly StreamSample[]): void {
      // A stream that is blocked for another reason now, or no longer, must not go on showing the old one.
      streamBlocked.reset();
      for (const { stream, state, blockedCode } of samples) {
        const labels = streamLabels(stream);
        for (const name of STREAM_STATES) streamState.set({ ...labels, state: name }, name === state ? 1 : 0);
        if (blockedCode !== null) streamBlocked.set({ ...labels, code: blockedCode }, 1);
      }
    },
    progress(stream: Stream, watermarkMs: number, isCatchingUp: boolean): void {
      watermarks.set(stream, watermarkMs);
      watermark.set(streamLabels(stream), watermarkMs / 1000);
      catchingUp.set(streamLabels(stream), Number(isCatchingUp));
    },
    /** The watermark grows older also while nobody can read it. */
    lags(serverNowMs: (connection: string) => number): void {
      for (const [stream, watermarkMs] of watermarks) {
        lag.set(streamLabels(stream), Math.max(0, serverNowMs(stream.connection) - watermarkMs) / 1000);
      }
    },
    connections(samples: readonly ConnectionSample[]): void {
      connectionBlocked.reset();
      for (const { connection, state, blockedCode, inFlight, waiting, limit } of samples) {
        for (const name of CONNECTION_STATES) connectionState.set({ connection, state: name }, name === state ? 1 : 0);
        if (blockedCode !== null) connectionBlocked.set({ connection, code: blockedCode }, 1);
        slotsInUse.set({ connection }, inFlight);
        slotsWaiting.set({ connection }, waiting);
        slotsLimit.set({ connection }, limit);
      }
    },
    month(connection: string, sample: MonthSample): void {
      used.set({ connection }, sample.used);
      forecast.set({ connection }, sample.forecast);
      if (sample.budget !== null) budget.set({ connection }, sample.budget);
      setIntervals(connection, sample.stretch);
    },
    queues(samples: readonly QueueSample[]): void {
      for (const { queue, waiting, delayed, failed, oldestWaitingAgeMs } of samples) {
        queueWaiting.set({ queue }, waiting);
        queueDelayed.set({ queue }, delayed);
        queueFailed.set({ queue }, failed);
        oldestWaiting.set({ queue }, oldestWaitingAgeMs / 1000);
      }
    },
    redis(sample: RedisSample): void {
      redisUp.set(1);
      setOrRemove(memoryRatio, sample.memoryUsedRatio);
      setOrRemove(persistenceOk, sample.persistenceOk);
      setOrRemove(evicts, sample.evicts);
    },
    redisIsDown: () => redisUp.set(0),
    replicas(live: number, disagreeing: number): void {
      replicas.set(live);
      disagree.set(disagreeing);
    },
  };
}
