import { type Job, UnrecoverableError, Worker, type WorkerOptions } from 'bullmq';
import type { TriggerEvent } from './event.js';
import { InvalidEventError, parseTriggerEvent } from './event-schema.js';
import { DEFAULT_EVENTS_QUEUE, DEFAULT_QUEUE_PREFIX } from './queues.js';
import { connectRedis } from './redis.js';

/** What a handler may want to know besides the event. */
export interface EventContext {
  /** The queue's job: attempts made, progress, log. Its `data` is the event. */
  readonly job: Job<TriggerEvent, void>;
  /** Aborted by `worker.cancelJob(id)`. */
  readonly signal: AbortSignal;
}

/**
 * Resolves when the event is dealt with; throws to have it retried as the job's `attempts` allow, or throws BullMQ's
 * `UnrecoverableError` to give it up at once. **What is thrown is stored in Redis in clear text: leave the record out of it.**
 */
export type EventHandler = (event: TriggerEvent, context: EventContext) => Promise<void>;

type BullMqOptions = Omit<WorkerOptions, 'connection' | 'prefix' | 'concurrency'>;

export type ConsumeEventsOptions = BullMqOptions & {
  readonly handler: EventHandler;
  /** Default: `intacct-events`. */
  readonly queue?: string;
  /** BullMQ prefix, the same as the worker's QUEUE_PREFIX. Default: `bull`. */
  readonly prefix?: string;
  /** Events handled at once. Default 1: events of one record are then handled in the order of its changes. */
  readonly concurrency?: number;
  /** Called when Redis or the queue fails; consuming goes on by itself afterwards. Default: a line on standard error. */
  readonly onError?: (error: Error) => void;
} & (
    | {
        /** `rediss://` for TLS. A connection is made for this consumer and closed with it. */
        readonly redisUrl: string;
        readonly connection?: never;
      }
    | {
        /** Anything BullMQ accepts as `connection` of a worker. A client stays yours to close. */
        readonly connection: WorkerOptions['connection'];
        readonly redisUrl?: never;
      }
  );

export interface EventConsumer {
  /**
   * Takes no more events, waits for the handlers that run, closes the connections. Waits as long as they do: race it with a
   * deadline where one is needed, an event left in the middle is given to another consumer. May be called twice.
   */
  close(): Promise<void>;
  /** BullMQ's worker, for its events and `pause`/`resume`. */
  readonly worker: Worker<TriggerEvent, void>;
}

/**
 * Handles trigger events from a queue, one call of `handler` for each.
 *
 * **At least once**: a consumer that dies between its work and its acknowledgement gets the event again, as does one whose
 * event loop stands still for longer than `lockDuration`. `event.id` is the idempotency key: it names one version of one
 * record, on every delivery and every replay. Write it in the same transaction as the effect, or make the effect one that can
 * be repeated.
 *
 * A job that is not an event fails for good, without a retry, and the handler never sees it.
 *
 * ```ts
 * const consumer = consumeEvents({
 *   redisUrl: 'redis://127.0.0.1:6379',
 *   handler: async (event) => {
 *     await upsertCustomer(event.data.key, event.data.record, { idempotencyKey: event.id });
 *   },
 * });
 * process.once('SIGTERM', () => void consumer.close());
 * ```
 *
 * All other options are those of BullMQ's worker. With `telemetry`, and a worker that traces, the span of an event's handling is
 * a child of the span of the commit that enqueued it:
 *
 * ```ts
 * import { BullMQOtel } from 'bullmq-otel'; // after OpenTelemetry's SDK has been set up, as for any other program
 *
 * consumeEvents({ redisUrl, handler, telemetry: new BullMQOtel({ tracerName: 'my-consumer' }) });
 * ```
 */
export function consumeEvents(options: ConsumeEventsOptions): EventConsumer {
  const {
    handler,
    queue = DEFAULT_EVENTS_QUEUE,
    prefix = DEFAULT_QUEUE_PREFIX,
    concurrency = 1,
    onError = reportOnStandardError,
    redisUrl: _redisUrl,
    connection: _connection,
    ...bullMqOptions
  } = options;

  const redis = openConnection(options);
  const running = new Set<Promise<void>>();

  const worker = new Worker<TriggerEvent, void>(
    queue,
    // BullMQ hands out a signal only to functions that declare three parameters.
    async (job, _token, signal) => {
      const event = parseOrGiveUp(job.data);
      const handling = handler(event, { job, signal: signal ?? NEVER_ABORTED });
      running.add(handling);
      try {
        await handling;
      } finally {
        running.delete(handling);
      }
    },
    { ...bullMqOptions, connection: redis.connection, prefix, concurrency },
  );
  worker.on('error', onError);

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    if (redis.isAway()) {
      // Nothing can be acknowledged now, and BullMQ would wait until Redis is back.
      await Promise.allSettled(running);
      redis.disconnect();
      await worker.close(true);
      return;
    }
    try {
      await worker.close();
    } finally {
      redis.disconnect();
    }
  };
  return {
    worker,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

function openConnection(options: ConsumeEventsOptions) {
  if (options.redisUrl === undefined) {
    return { connection: options.connection, disconnect: () => undefined, isAway: () => false };
  }
  // The worker reports the errors of this connection too: once is enough.
  const onError = () => undefined;
  const connection = connectRedis(options.redisUrl, { name: 'consume-events', role: 'blocking', onError });
  return { connection, disconnect: () => connection.disconnect(), isAway: () => connection.status !== 'ready' };
}

const NEVER_ABORTED = new AbortController().signal;

function parseOrGiveUp(data: unknown): TriggerEvent {
  try {
    return parseTriggerEvent(data);
  } catch (error) {
    throw error instanceof InvalidEventError ? new UnrecoverableError(error.message) : error;
  }
}

function reportOnStandardError(error: Error): void {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  // An AggregateError (both address families refused) has no message of its own.
  process.stderr.write(`consumeEvents: ${error.message === '' ? code : error.message}\n`);
}
