import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { monthOf } from '../core/budget.js';
import type { Keys } from './keys.js';

export interface MonthlyUsage {
  readonly total: number;
  readonly byFunction: Readonly<Record<string, number>>;
}

/**
 * Transactions of one connection, counted per calendar month (UTC) and function, over all processes. Everything that was sent
 * counts: whether Sage bills sign-ins and failed requests is undocumented, and a budget had better be too careful.
 *
 * Each batch is counted once, also when its answer is lost. The hole: a process that dies takes along what it counted since the last
 * batch, which is a second's worth, or an outage's worth if Redis is away.
 */
export interface Usage {
  /** Never throws and never waits. */
  count(functions: Readonly<Record<string, number>>): void;
  /** The month of this instant, epoch milliseconds; what was counted here before is in it. Throws when Redis cannot be asked. */
  month(nowMs: number): Promise<MonthlyUsage>;
  /** Writes what is left. Never throws. */
  close(): Promise<void>;
}

export interface UsageOptions {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly connection: string;
  readonly now: () => number;
  /** Milliseconds between two batches. */
  readonly batchEveryMs?: number;
  /** A batch did not go through; it is sent again. */
  readonly onTrouble?: (error: unknown) => void;
}

type Counts = Map<string, number>;

interface Batch {
  readonly number: number;
  readonly month: string;
  readonly counts: Counts;
}

/**
 * KEYS  1 usage of the month, 2 last batch of this process
 * ARGV  1 number of the batch, 2 … function, count, …
 */
const COUNT = `
if redis.call('GET', KEYS[2]) == ARGV[1] then return 0 end
for i = 2, #ARGV, 2 do redis.call('HINCRBY', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('EXPIRE', KEYS[1], ${400 * 86_400})
redis.call('SET', KEYS[2], ARGV[1], 'EX', 86400)
return 1
`;

export function createUsage(options: UsageOptions): Usage {
  const { redis, keys, connection, now, batchEveryMs = 1_000, onTrouble } = options;
  const batchKey = keys.usageBatch(connection, randomUUID());
  const pending = new Map<string, Counts>();
  /** Sent, and not known to have arrived: goes again unchanged. */
  let unsettled: Batch | null = null;
  let batches = 0;
  let timer: NodeJS.Timeout | null = null;
  let sending: Promise<void> = Promise.resolve();

  const nextBatch = (): Batch | null => {
    for (const [month, counts] of pending) {
      pending.delete(month);
      batches += 1;
      return { number: batches, month, counts };
    }
    return null;
  };
  const sendAll = async (): Promise<void> => {
    try {
      for (;;) {
        unsettled ??= nextBatch();
        if (unsettled === null) return;
        const { number, month, counts } = unsettled;
        await redis.eval(COUNT, 2, keys.usage(connection, month), batchKey, number, ...[...counts].flat());
        unsettled = null;
      }
    } catch (error) {
      onTrouble?.(error);
      sendSoon();
    }
  };
  const flush = (): Promise<void> => {
    sending = sending.then(sendAll);
    return sending;
  };
  const sendSoon = (): void => {
    timer ??= setTimeout(() => {
      timer = null;
      void flush();
    }, batchEveryMs).unref();
  };

  return {
    count(functions) {
      const month = monthOf(now()).name;
      const counts = pending.get(month) ?? new Map<string, number>();
      pending.set(month, counts);
      for (const [name, count] of Object.entries(functions)) counts.set(name, (counts.get(name) ?? 0) + count);
      sendSoon();
    },
    async month(nowMs) {
      await flush();
      const fields = await redis.hgetall(keys.usage(connection, monthOf(nowMs).name));
      const counts = Object.entries(fields).flatMap(([name, text]): [string, number][] =>
        /^\d{1,15}$/.test(text) ? [[name, Number(text)]] : [],
      );
      return { total: counts.reduce((sum, [, count]) => sum + count, 0), byFunction: Object.fromEntries(counts) };
    },
    async close() {
      await flush();
      if (timer !== null) clearTimeout(timer);
      timer = null;
    },
  };
}
