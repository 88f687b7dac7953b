import type { Redis } from '../../shared/redis.js';

/** What came out of a queue, in the order in which it lay there. */
export interface Delivery {
  readonly queue: string;
  readonly jobId: string;
  readonly jobName: string;
  /** JSON as it was stored; empty for a job that was listed without being there. */
  readonly data: string;
}

/**
 * Takes what waits, and forgets it: afterwards no job id protects from a second job. In one script, so that Redis has done all of it or
 * nothing, also after a kill: the jobs go from the queue into a log beside it, and what the reader says it has got leaves the log.
 * A reader that asks again, since an answer was lost, gets the same once more, at the same places of the log.
 *
 * Out of memory the first command fails, before anything has moved.
 *
 * KEYS  1 place of the log's first entry, 2 log, 3… lists of waiting jobs
 * ARGV  1 how many entries the reader has got, 2 how many jobs to take at most, 3… prefixes of the job keys, one for each list
 * Reply {place of the first entry, entries}; an entry is a queue's number, job id, job name and data, a line each
 */
const TAKE = `
local first = tonumber(redis.call('GET', KEYS[1]) or '0')
local got = tonumber(ARGV[1])
redis.call('SET', KEYS[1], string.format('%.0f', math.max(first, got)))
if got > first then
  redis.call('LTRIM', KEYS[2], got - first, -1)
  first = got
end
for list = 3, #KEYS do
  for _ = 1, tonumber(ARGV[2]) do
    local id = redis.call('RPOP', KEYS[list])
    if not id then break end
    local key = ARGV[list] .. id
    local job = redis.call('HMGET', key, 'name', 'data')
    redis.call('RPUSH', KEYS[2], table.concat({list - 3, id, job[1] or '', job[2] or ''}, '\\n'))
    redis.call('DEL', key)
  end
end
return {first, redis.call('LRANGE', KEYS[2], 0, -1)}
`;

/** From each queue: Redis does nothing else meanwhile. */
const MOST_AT_ONCE = 500;

export interface CollectorOptions {
  readonly redis: Redis;
  /** BullMQ's. */
  readonly prefix: string;
  readonly queues: readonly string[];
  readonly onDelivery: (delivery: Delivery) => void;
}

/**
 * A consumer that counts exactly. BullMQ's own worker would not do: it runs a job again when it was stopped in the middle of it, and a
 * second delivery would be nobody's fault. What is lost or doubled here, the worker has lost or doubled.
 */
export class Collector {
  readonly #options: CollectorOptions;
  #got = 0;

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  /** How many were delivered so far. */
  get count(): number {
    return this.#got;
  }

  /** Answers how many came. Throws when Redis does not answer; nothing is lost by that. */
  async take(): Promise<number> {
    const { redis, prefix, queues, onDelivery } = this.#options;
    const keys = ['first', 'log'].map((name) => `${prefix}:collected:${name}`);
    const lists = queues.map((queue) => `${prefix}:${queue}:wait`);
    const jobPrefixes = queues.map((queue) => `${prefix}:${queue}:`);
    const all = [...keys, ...lists];
    const reply = await redis.eval(TAKE, all.length, ...all, this.#got, MOST_AT_ONCE, ...jobPrefixes);
    const [first, log] = reply as [number, string[]];
    const news = log.slice(this.#got - first);
    for (const entry of news) {
      const [queue = '', jobId = '', jobName = '', ...data] = entry.split('\n');
      this.#got += 1;
      onDelivery({ queue: queues[Number(queue)] ?? '', jobId, jobName, data: data.join('\n') });
    }
    return news.length;
  }

  /** Keys of the queues that hold jobs which nobody will ever get. */
  async leftovers(): Promise<string[]> {
    const { redis, prefix, queues } = this.#options;
    const found: string[] = [];
    for (const queue of queues) {
      const keys = await redis.keys(`${prefix}:${queue}:*`);
      const ofQueue = ['id', 'meta', 'marker', 'events'].map((name) => `${prefix}:${queue}:${name}`);
      found.push(...keys.filter((key) => !ofQueue.includes(key)));
    }
    return found;
  }
}
