import { randomUUID } from 'node:crypto';
import { type Job, Queue } from 'bullmq';
import { freePort } from '../../deploy/setup/redis-server.mjs';
import { DEFAULT_EVENTS_QUEUE, type TriggerEvent } from '../../shared/index.js';
import { connectRedis, type Redis } from '../../shared/redis.js';
import { Keys } from '../../worker/state/keys.js';
import { type Simulator, type SimulatorOptions, startSimulator } from '../simulator/simulator.js';
import { WorkerApp } from './worker-app.js';
import { type Environment, environmentFor, startWorker, type WorkerProcess } from './worker-process.js';

/** A company, a corner of the suite's Redis, and the workers between them. Everything it started ends with it. */
export class Stage {
  /** Keeps this stage's keys apart from those of all other tests. */
  readonly prefix: string;
  readonly redis: Redis;
  readonly simulator: Simulator;
  readonly #redisUrl: string;
  readonly #workers: WorkerProcess[] = [];
  readonly #apps: WorkerApp[] = [];
  #closed = false;
  readonly #queues = new Map<string, Queue>();

  private constructor(simulator: Simulator, redisUrl: string) {
    this.prefix = `t${randomUUID()}`;
    this.simulator = simulator;
    this.#redisUrl = redisUrl;
    this.redis = connectRedis(redisUrl, { name: 'test', role: 'commands' });
  }

  static async open(options: SimulatorOptions = {}, redisUrl = suiteRedisUrl()): Promise<Stage> {
    return new Stage(await startSimulator(options), redisUrl);
  }

  /** Starts a worker and does not wait for it. */
  async spawnWorker(environment: Environment = {}): Promise<WorkerProcess> {
    const own = environmentFor(this.simulator, this.#redisUrl, this.prefix);
    const worker = await startWorker({ ...own, ...environment });
    this.#workers.push(worker);
    // What a test that ran out of time goes on to start would never be stopped.
    if (this.#closed) {
      await worker.kill9();
      throw new Error('The stage is closed');
    }
    return worker;
  }

  async startWorker(environment: Environment = {}): Promise<WorkerProcess> {
    return (await this.spawnWorker(environment)).ready();
  }

  /** A worker within this process, polling or about to; sooner there than a process. */
  async startApp(environment: Environment = {}): Promise<WorkerApp> {
    const own = environmentFor(this.simulator, this.#redisUrl, this.prefix);
    const app = await onFreePort((HTTP_PORT) => WorkerApp.start({ ...own, HTTP_PORT, ...environment }));
    this.#apps.push(app);
    return app;
  }

  /** A queue of this stage, by means of plain BullMQ. */
  queue(name: string = DEFAULT_EVENTS_QUEUE, prefix: string = this.prefix): Queue {
    const id = `${prefix} ${name}`;
    const queue = this.#queues.get(id) ?? new Queue(name, { connection: this.redis, prefix });
    this.#queues.set(id, queue);
    return queue;
  }

  /** Every job that nobody has taken, oldest first. */
  jobs(name?: string, prefix?: string): Promise<Job[]> {
    return this.queue(name, prefix).getJobs(['waiting'], 0, -1, true);
  }

  async events(prefix?: string): Promise<TriggerEvent[]> {
    return (await this.jobs(DEFAULT_EVENTS_QUEUE, prefix)).map((job) => job.data as TriggerEvent);
  }

  /** What an outsider with a pair of eyes would find in Redis. */
  async everythingInRedis(): Promise<string> {
    const texts: string[] = [];
    for (const key of await this.redis.keys(`${this.prefix}:*`)) {
      texts.push(key, JSON.stringify(await contentOf(this.redis, key)));
    }
    return texts.join('\n');
  }

  leaseKey(connection = this.simulator.credentials.companyId, location: string | null = null): string {
    return new Keys(this.prefix).lease(connection, location);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#workers.map((worker) => worker.kill9()));
    await Promise.all(this.#apps.map((app) => app.stop()));
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()));
    this.redis.disconnect();
    await this.simulator.stop();
  }
}

/** Between finding a free port and binding it somebody else may have taken it. */
async function onFreePort(start: (port: string) => Promise<WorkerApp>, attempts = 3): Promise<WorkerApp> {
  try {
    return await start(String(await freePort()));
  } catch (error) {
    if (attempts === 1 || !String(error).includes('cannot be served')) throw error;
    return onFreePort(start, attempts - 1);
  }
}

export function suiteRedisUrl(): string {
  const url = process.env['TEST_REDIS_URL'];
  if (url === undefined) throw new Error('TEST_REDIS_URL is not set: the global set-up of the suite has not run');
  return url;
}

async function contentOf(redis: Redis, key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case 'string':
      return redis.get(key);
    case 'hash':
      return redis.hgetall(key);
    case 'list':
      return redis.lrange(key, 0, -1);
    case 'set':
      return redis.smembers(key);
    case 'zset':
      return redis.zrange(key, '0', '-1');
    case 'stream':
      return redis.xrange(key, '-', '+');
    default:
      return null;
  }
}
