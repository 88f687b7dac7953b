import type { Logger } from '../shared/logger.js';
import type { Redis } from '../shared/redis.js';
import { createBackpressure, createMemoryWatch } from './state/queue-depth.js';

export interface PressureOptions {
  readonly redis: Redis;
  readonly prefix: string;
  readonly highWater: number;
  readonly logger: Logger;
}

/** Why nothing more may be enqueued for now: a queue that nobody empties, or a Redis that is nearly full. Null when it may. */
export function createPressure({ redis, prefix, highWater, logger }: PressureOptions) {
  const queues = createBackpressure({ redis, prefix, highWater });
  const memory = createMemoryWatch({ redis, monotonicNowMs: () => performance.now() });
  /** What was said last, for each set of queues. */
  const told = new Map<string, string | null>();

  return async (names: readonly string[]): Promise<string | null> => {
    const tell = (reason: string | null, details: object): string | null => {
      const subject = names.join(' ');
      const before = told.get(subject) ?? null;
      told.set(subject, reason);
      if (reason === before) return reason;
      if (reason === null) logger.info({ queues: names }, 'backpressure.over');
      else logger.error({ queues: names, reason, ...details }, 'backpressure');
      return reason;
    };
    const { high, usedBytes, mostBytes } = await memory();
    if (high) return tell('Redis is nearly out of memory', { usedBytes, mostBytes });
    const depth = await queues.isFull(names);
    if (depth.full) return tell(`The queue ${depth.queue} is full`, { waiting: depth.waiting, highWater });
    return tell(null, {});
  };
}
