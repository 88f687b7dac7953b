import { Job, type JobsOptions, Queue, type RedisQueueBackend } from 'bullmq';
import type { Redis } from 'ioredis';
import { DEFAULT_EVENTS_QUEUE } from '../../shared/queues.js';
import type { NewJob } from '../tick-tools.js';

/** What BullMQ calls a transaction: the chain of a MULTI with its scripts defined on it. */
type Transaction = Parameters<RedisQueueBackend['addJobToTransaction']>[0];

/** A backend's connection with the MULTI that its scripts can be added to. */
interface TransactionClient {
  multi(): Transaction & { eval(...args: readonly unknown[]): unknown; exec(): Promise<ExecReply> };
}

/** Null: a watched key had changed and nothing was done. */
export type ExecReply = readonly (readonly [Error | null, unknown])[] | null;

/**
 * Consumers decide about retries by these defaults unless they change them on the job: ten attempts over about a quarter of an
 * hour, the last thousands of finished jobs kept for a look back, failed ones for thirty days.
 */
const EVENT_JOB_OPTIONS: JobsOptions = {
  attempts: 10,
  backoff: { type: 'exponential', delay: 1_000 },
  removeOnComplete: { count: 5_000, age: 24 * 3600 },
  removeOnFail: { age: 30 * 24 * 3600 },
};

/**
 * The downstream queues, written to by one connection in one transaction, with BullMQ's own scripts: what it stores is exactly
 * what `Queue.add` would have stored. `addJobToTransaction` is public on the Redis backend but no part of BullMQ's portable
 * interface; the version is pinned and a contract test watches it.
 */
export class TargetQueues {
  readonly #redis: Redis;
  readonly #prefix: string;
  readonly #telemetryMetadata: () => string | undefined;
  readonly #queues = new Map<string, Queue>();

  /** @param telemetryMetadata what the jobs that are being added tell their consumers' telemetry, as BullMQ stores it */
  constructor(redis: Redis, prefix: string, telemetryMetadata: () => string | undefined = () => undefined) {
    this.#redis = redis;
    this.#prefix = prefix;
    this.#telemetryMetadata = telemetryMetadata;
  }

  jobKey(queue: string, id: string): string {
    return this.#queue(queue).toKey(id);
  }

  /** Adds the jobs, then evaluates a script, in one MULTI on the connection given to the constructor. */
  async transact(
    jobs: readonly NewJob[],
    script: string,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<ExecReply> {
    const metadata = this.#telemetryMetadata();
    const options = metadata === undefined ? EVENT_JOB_OPTIONS : { ...EVENT_JOB_OPTIONS, telemetry: { metadata } };
    const multi = (await this.#client(jobs[0]?.queue ?? DEFAULT_EVENTS_QUEUE)).multi();
    for (const { queue: name, name: jobName, id, data } of jobs) {
      const queue = this.#queue(name);
      const job = new Job(queue, jobName, data, options, id);
      await backendOf(queue).addJobToTransaction(multi, job.asJSON(), id);
    }
    multi.eval(script, keys.length, ...keys, ...args);
    return multi.exec();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()));
  }

  async #client(queueName: string): Promise<TransactionClient> {
    try {
      return (await backendOf(this.#queue(queueName)).client) as unknown as TransactionClient;
    } catch (error) {
      // BullMQ remembers a connection that failed while it was made: the next attempt is to make a new one.
      this.#queues.delete(queueName);
      throw error;
    }
  }

  #queue(name: string): Queue {
    let queue = this.#queues.get(name);
    if (queue === undefined) {
      queue = new Queue(name, { connection: this.#redis, prefix: this.#prefix, skipWaitingForReady: true });
      // Connection trouble reaches us through the commands that fail; an error event without a listener would end the process.
      queue.on('error', () => undefined);
      this.#queues.set(name, queue);
    }
    return queue;
  }
}

function backendOf(queue: Queue): RedisQueueBackend {
  return queue.getBackend() as RedisQueueBackend;
}
