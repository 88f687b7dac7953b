import type { Redis } from 'ioredis';

export type Depth =
  | { readonly full: false }
  /** The fullest of those that are. */
  | { readonly full: true; readonly queue: string; readonly waiting: number };

/**
 * Keeps from filling queues that nobody empties. A queue is full from its high-water mark on, and open again below nine tenths of
 * it, so that streams do not stop and go with every job. Which queues have not opened yet is known to this process alone: a new one
 * judges by the mark.
 */
export interface Backpressure {
  /** One round trip for all of them. Throws when it could not look. */
  isFull(queues: readonly string[]): Promise<Depth>;
}

export interface BackpressureOptions {
  readonly redis: Redis;
  /** BullMQ's. */
  readonly prefix: string;
  /** Waiting jobs; at least 1. */
  readonly highWater: number;
}

const OPENS_BELOW = 0.9;

/** Where BullMQ keeps jobs that wait for a worker: `paused` has been a state of the queue since version 6, jobs of older ones stay. */
const WAITING = [
  ['llen', 'wait'],
  ['llen', 'paused'],
  ['zcard', 'prioritized'],
] as const;

export function createBackpressure({ redis, prefix, highWater }: BackpressureOptions): Backpressure {
  const closed = new Set<string>();

  return {
    async isFull(queues) {
      const names = [...new Set(queues)];
      if (names.length === 0) return { full: false };
      const pipeline = redis.pipeline();
      for (const name of names) {
        for (const [command, list] of WAITING) pipeline[command](`${prefix}:${name}:${list}`);
      }
      const replies = (await pipeline.exec()) ?? [];
      const failed = replies.find(([error]) => error !== null);
      if (failed !== undefined) throw failed[0];

      let fullest: { queue: string; waiting: number } | null = null;
      for (const [index, queue] of names.entries()) {
        const own = replies.slice(index * WAITING.length, (index + 1) * WAITING.length);
        const waiting = own.reduce((sum, [, count]) => sum + Number(count), 0);
        if (waiting >= highWater) closed.add(queue);
        else if (waiting < highWater * OPENS_BELOW) closed.delete(queue);
        if (closed.has(queue) && waiting > (fullest?.waiting ?? -1)) fullest = { queue, waiting };
      }
      return fullest === null ? { full: false } : { full: true, ...fullest };
    },
  };
}

export interface MemoryPressure {
  /** Redis is about to refuse writes. */
  readonly high: boolean;
  readonly usedBytes: number;
  /** Null: Redis takes as much as it gets. */
  readonly mostBytes: number | null;
  /** `maxmemory_policy`; null where Redis does not tell. */
  readonly policy: string | null;
  /** Redis may throw keys away when memory is short, and with them jobs and watermarks: not to be worked with. */
  readonly evicts: boolean;
}

const HIGH_ABOVE = 0.95;

/** Looks at Redis' memory, at most once in a while. Needs the right to INFO and no other. Throws when it could not look. */
export function createMemoryWatch({
  redis,
  monotonicNowMs,
  lookEveryMs = 2_000,
}: {
  readonly redis: Redis;
  readonly monotonicNowMs: () => number;
  readonly lookEveryMs?: number;
}): () => Promise<MemoryPressure> {
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let look: Promise<MemoryPressure> | null = null;

  return () => {
    if (look === null || monotonicNowMs() - lookedAtMs >= lookEveryMs) {
      lookedAtMs = monotonicNowMs();
      const current = redis.info('memory').then(memoryPressure);
      look = current;
      current.catch(() => {
        if (look === current) look = null;
      });
    }
    return look;
  };
}

function memoryPressure(info: string): MemoryPressure {
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? null;
  const usedBytes = Number(field('used_memory') ?? 0);
  const limit = Number(field('maxmemory') ?? 0);
  const policy = field('maxmemory_policy');
  return {
    high: limit > 0 && usedBytes > limit * HIGH_ABOVE,
    usedBytes,
    mostBytes: limit > 0 ? limit : null,
    policy,
    evicts: policy !== null && policy !== 'noeviction',
  };
}
