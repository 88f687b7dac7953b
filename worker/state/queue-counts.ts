import type { Redis } from 'ioredis';

export interface QueueCounts {
  readonly queue: string;
  /** Jobs that wait for a consumer. */
  readonly waiting: number;
  /** Jobs that wait for another attempt. */
  readonly delayed: number;
  /** Jobs that consumers have given up, as far as they are kept. */
  readonly failed: number;
  /** Milliseconds; 0 when none is waiting. */
  readonly oldestWaitingAgeMs: number;
}

/** Where BullMQ keeps what: a new job enters `wait` on the left and leaves it on the right. `paused` holds jobs of older versions. */
const COUNTS = [
  ['llen', 'wait'],
  ['llen', 'paused'],
  ['zcard', 'prioritized'],
  ['zcard', 'delayed'],
  ['zcard', 'failed'],
] as const;
const OLDEST = ['wait', 'paused'] as const;
const REPLIES = COUNTS.length + OLDEST.length;

/** Two round trips for all queues. Throws when it could not look. */
export async function countQueues(redis: Redis, prefix: string, queues: readonly string[]): Promise<QueueCounts[]> {
  if (queues.length === 0) return [];
  const first = redis.pipeline();
  for (const queue of queues) {
    for (const [command, key] of COUNTS) first[command](`${prefix}:${queue}:${key}`);
    for (const list of OLDEST) first.lindex(`${prefix}:${queue}:${list}`, -1);
  }
  const replies = await replied(first.exec());
  const looked = queues.map((queue, index) => {
    const own = replies.slice(index * REPLIES, (index + 1) * REPLIES);
    const [wait = 0, paused = 0, prioritized = 0, delayed = 0, failed = 0] = own.slice(0, COUNTS.length).map(Number);
    const oldest = own.slice(COUNTS.length).filter((id): id is string => typeof id === 'string');
    return { queue, waiting: wait + paused + prioritized, delayed, failed, oldest };
  });

  const second = redis.pipeline().time();
  for (const { queue, oldest } of looked) {
    for (const id of oldest) second.hget(`${prefix}:${queue}:${id}`, 'timestamp');
  }
  const [time, ...stamps] = await replied(second.exec());
  const [seconds, microseconds] = time as [string, string];
  const nowMs = Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
  return looked.map(({ oldest, ...counts }) => {
    // A job that was taken between the two round trips, and removed, has no stamp any more.
    const known = stamps
      .splice(0, oldest.length)
      .flatMap((stamp) => (typeof stamp === 'string' ? [Number(stamp)] : []));
    const ageMs = known.length === 0 ? 0 : nowMs - Math.min(...known);
    return { ...counts, oldestWaitingAgeMs: Math.max(0, ageMs) };
  });
}

async function replied(exec: Promise<[Error | null, unknown][] | null>): Promise<unknown[]> {
  return ((await exec) ?? []).map(([error, reply]) => {
    if (error !== null) throw error;
    return reply;
  });
}
