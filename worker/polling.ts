import { setTimeout as sleep } from 'node:timers/promises';
import { type Job, Queue, type Telemetry, Worker } from 'bullmq';
import type { Logger } from '../shared/logger.js';
import { POLLS_QUEUE } from '../shared/queues.js';
import type { Redis } from '../shared/redis.js';
import type { PollOutcome } from './metrics.js';
import { type PollJob, syncSchedules } from './schedules.js';
import type { Standing } from './state/replicas.js';
import type { Poller } from './tick-tools.js';
import { createTroubleLog } from './trouble-log.js';

export interface PollingOptions {
  /** Both must be ready: BullMQ remembers a connection that failed while it was made. */
  readonly redis: Redis;
  readonly blocking: Redis;
  readonly prefix: string;
  readonly pollers: readonly Poller[];
  process(job: Job<PollJob>, token: string | undefined): Promise<PollOutcome>;
  /** Undefined: ticks are not traced. */
  readonly telemetry: Telemetry | undefined;
  readonly logger: Logger;
  readonly onRevived: (count: number) => void;
  /** Where this process stands among those that share the schedules. Asked every WATCH_SCHEDULES_EVERY_MS. */
  standing(): Promise<Standing>;
}

export interface Polling {
  /** False after Redis was emptied, until the schedules are made again. */
  hasSchedules(): Promise<boolean>;
  /** Takes no more ticks and waits for the running ones. */
  close(): Promise<void>;
}

/** Ticks mostly wait for Intacct; what they do themselves is one page at a time. */
const MOST_TICKS_AT_ONCE = 16;
export const WATCH_SCHEDULES_EVERY_MS = 5_000;
const DISAGREEING =
  'Replicas run with different configurations; the one that appeared last makes the schedules. Wait for the roll-out, or stop the others';

const TRY_AGAIN_AFTER_MS = 500;

/** Puts the schedules in place, watches over them, and processes what they make due. Tries until it works or the signal fires. */
export async function startPolling(options: PollingOptions, stop: AbortSignal): Promise<Polling> {
  for (;;) {
    try {
      return await tryToStart(options);
    } catch (error) {
      stop.throwIfAborted();
      options.logger.warn({ err: error }, 'polling.not_started');
      await sleep(TRY_AGAIN_AFTER_MS, undefined, { signal: stop });
    }
  }
}

async function tryToStart(options: PollingOptions): Promise<Polling> {
  const { redis, blocking, prefix, pollers, telemetry, logger } = options;
  const queue = new Queue(POLLS_QUEUE, { connection: redis, prefix });
  // Outages are told by the connections themselves, once each.
  queue.on('error', () => undefined);

  const aliveSinceMs = Date.now();
  let agreed = true;
  const keepSchedules = async (): Promise<void> => {
    const { leads, disagreeing } = await options.standing();
    if ((disagreeing === 0) !== agreed) {
      agreed = disagreeing === 0;
      if (agreed) logger.info('configurations.agree');
      else logger.warn({ disagreeing, leads, advice: DISAGREEING }, 'configurations.differ');
    }
    // One configuration is in force; two that each made the schedules theirs would undo each other for ever.
    if (!leads) return;
    const revived = await syncSchedules(queue, pollers, Date.now(), aliveSinceMs);
    if (revived === 0) return;
    options.onRevived(revived);
    logger.warn({ revived }, 'schedules.revived');
  };
  try {
    await keepSchedules();
  } catch (error) {
    await queue.close();
    throw error;
  }

  const worker = new Worker<PollJob, PollOutcome>(POLLS_QUEUE, (job, token) => options.process(job, token), {
    connection: blocking,
    prefix,
    concurrency: Math.min(pollers.length, MOST_TICKS_AT_ONCE),
    ...(telemetry === undefined ? {} : { telemetry }),
    // What a dead process, or a Redis that was full for a while, left active runs again soon. That it may run twice costs nothing: the
    // poller's lease lets one of them in.
    lockDuration: 15_000,
    stalledInterval: 5_000,
    maxStalledCount: 1_000,
  });
  const trouble = createTroubleLog(logger);
  worker.on('error', (error) => trouble.noticed(error));
  // The next tick of a poller lives in one delayed job: if that is lost (a Redis that was emptied), nothing else would bring it back.
  const watch = setInterval(() => {
    keepSchedules().then(
      () => trouble.over(),
      (error: unknown) => trouble.noticed(error),
    );
  }, WATCH_SCHEDULES_EVERY_MS);

  return {
    hasSchedules: async () => (await queue.getJobSchedulersCount()) > 0,
    async close() {
      clearInterval(watch);
      await worker.close();
      await queue.close();
    },
  };
}
