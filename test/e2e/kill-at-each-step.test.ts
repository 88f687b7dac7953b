import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { TriggerEvent } from '../../shared/index.js';
import { createLogger } from '../../shared/logger.js';
import { startApp } from '../../worker/app.js';
import { loadSettings } from '../../worker/config/load-settings.js';
import { Keys } from '../../worker/state/keys.js';
import { type Interceptor, type RedisProxy, type SeenCommand, startRedisProxy } from '../support/redis-proxy.js';
import { Stage, suiteRedisUrl } from '../support/stage.js';
import { until } from '../support/until.js';
import { environmentFor } from '../support/worker-process.js';

const RECORDS = ['1', '2', '3'];
/** Scenarios at a time: starting a process keeps a processor busy, waiting for its next poll does not. */
const AT_ONCE = 3;

/** A moment in the life of a commit: just before its n-th command reaches Redis, or when Redis has done it and the worker knows nothing. */
interface Moment {
  readonly step: number;
  readonly command: string;
  readonly at: 'before' | 'after';
  readonly consumer: Consumer;
}

/** A consumer that leaves jobs where they are, or one that removes them at once. */
type Consumer = 'keeps' | 'removes';

interface Outcome {
  /** Jobs that the killed worker had enqueued. */
  readonly enqueuedBefore: number;
  /** Keys of the records, one for each event that a consumer ever got. */
  readonly delivered: readonly string[];
}

let stage: Stage;
let proxies: RedisProxy[];
let scenarios = 0;

beforeEach(async () => {
  stage = await Stage.open();
  proxies = [];
  for (const key of RECORDS) {
    const stampedAtMs = Date.now() - 10_000;
    stage.simulator.company.create('CUSTOMER', { NAME: `Customer ${key}` }, { stampedAtMs });
  }
});

afterEach(async () => {
  await stage.close();
  await Promise.all(proxies.map((proxy) => proxy.stop()));
});

describe('kill -9 of a worker', () => {
  // Its consumer removes every job at once, so that no job id protects from a second.
  test('between any two steps of a commit loses nothing and repeats nothing', async () => {
    const steps = await rehearse();
    expect(steps[0]).toBe('WATCH');
    expect(steps.slice(steps.indexOf('MULTI'))).toHaveLength(1 + RECORDS.length + 1 + 1);
    expect(steps.at(-1)).toBe('EXEC');

    const exec = steps.length - 1;
    const moments: Moment[] = [
      ...steps.map((command, step): Moment => ({ step, command, at: 'before', consumer: 'removes' })),
      { step: exec, command: 'EXEC', at: 'after', consumer: 'removes' },
      { step: exec, command: 'EXEC', at: 'after', consumer: 'keeps' },
    ];
    const outcomes = await inPool(moments, async (moment) => ({ ...moment, ...(await killAt(moment)) }));

    expect(outcomes).toEqual(
      moments.map((moment) => ({
        ...moment,
        enqueuedBefore: moment.at === 'after' ? RECORDS.length : 0,
        delivered: RECORDS,
      })),
    );
  }, 90_000);

  test('after a commit, before its lease is given back or its poll is ended, repeats nothing', async () => {
    const moments = [
      (command: SeenCommand) => command.connection.endsWith('-commands') && command.name === 'EVAL',
      (command: SeenCommand) => !command.connection.endsWith('-commands') && command.name.startsWith('EVAL'),
    ];
    const outcomes = await inPool(moments, async (isTheMoment) => {
      let committed = false;
      return killWhen('removes', (command) => {
        if (committed && isTheMoment(command)) return 'before';
        committed ||= isOfCommit(command) && command.name === 'EXEC';
        return undefined;
      });
    });

    expect(outcomes).toEqual(moments.map(() => ({ enqueuedBefore: 3, delivered: RECORDS })));
  });
});

describe('a worker whose connection breaks', () => {
  test('when a commit was done and its reply is lost enqueues nothing twice', async () => {
    const proxy = await newProxy();
    let cuts = 0;
    proxy.intercept((command) => {
      if (cuts > 0 || !isOfCommit(command) || command.name !== 'EXEC') return undefined;
      cuts += 1;
      return { at: 'after', standing: (connection) => connection.cut() };
    });
    const worker = await stage.startWorker({ REDIS_URL: proxy.url });
    const delivered = await drainUntilComplete(stage.prefix);
    await worker.polledAgain(2);

    expect(cuts).toBe(1);
    expect([...delivered, ...(await drain(stage.prefix))].sort()).toEqual(RECORDS);
  });
});

/** The commands of an undisturbed commit, in order. */
async function rehearse(): Promise<string[]> {
  const steps: string[] = [];
  const proxy = await newProxy();
  proxy.intercept((command) => {
    if (isOfCommit(command) && steps.at(-1) !== 'EXEC' && (steps.length > 0 || command.name === 'WATCH')) {
      steps.push(command.name);
    }
    return undefined;
  });
  const prefix = `${stage.prefix}-rehearsal`;
  const worker = await stage.spawnWorker({ REDIS_URL: proxy.url, QUEUE_PREFIX: prefix });
  await drainUntilComplete(prefix);
  await worker.kill9();
  return steps;
}

/** Each scenario has keys of its own; the company, which nobody changes, is the same for all. */
async function killAt({ step, at, consumer }: Moment): Promise<Outcome> {
  let next = 0;
  return killWhen(consumer, (command) => {
    if (!isOfCommit(command) || (next === 0 && command.name !== 'WATCH')) return undefined;
    next += 1;
    return next - 1 === step ? at : undefined;
  });
}

async function killWhen(
  consumer: Consumer,
  momentOf: (command: SeenCommand) => 'before' | 'after' | undefined,
): Promise<Outcome> {
  const prefix = `${stage.prefix}-${scenarios}`;
  scenarios += 1;
  const proxy = await newProxy();
  let kill: () => void = () => undefined;
  const interceptor: Interceptor = (command) => {
    const at = momentOf(command);
    return at === undefined ? undefined : { at, standing: () => kill() };
  };
  proxy.intercept(interceptor);
  const first = await stage.spawnWorker({ REDIS_URL: proxy.url, QUEUE_PREFIX: prefix });
  kill = () => process.kill(first.pid, 'SIGKILL');
  await until('the moment to be killed at', () => Promise.race([first.exited, pass()]));

  const enqueuedBefore = (await stage.jobs(undefined, prefix)).length;
  const before = consumer === 'removes' ? await drain(prefix) : [];
  // The lease of a dead worker ends by itself after half a minute; nothing else is made easier for its successor.
  await stage.redis.del(new Keys(prefix).lease(stage.simulator.credentials.companyId, null));

  await runSuccessor(prefix);
  return { enqueuedBefore, delivered: [...before, ...(await drain(prefix))].sort() };
}

/** Another worker, for one poll. The dead one had to be a process; this one need not. */
async function runSuccessor(prefix: string): Promise<void> {
  const env = { ...environmentFor(stage.simulator, suiteRedisUrl(), prefix), HTTP_PORT: '0' };
  let polls = 0;
  const write = (line: string) => {
    const { msg, outcome } = JSON.parse(line) as { msg: string; outcome?: string };
    if (msg === 'poll.finished' && outcome === 'done') polls += 1;
  };
  const { settings } = loadSettings({ env, readFile: () => '' });
  const app = await startApp(settings, createLogger('info', { write }));
  try {
    await until('a poll of the next worker', () => polls > 0);
  } finally {
    await app.stop();
  }
}

/** Takes every waiting job and forgets it, as a consumer with `removeOnComplete: true` does. Answers the keys of the records. */
async function drain(prefix: string): Promise<string[]> {
  const jobs = await stage.jobs(undefined, prefix);
  for (const job of jobs) await job.remove();
  return jobs.map((job) => (job.data as TriggerEvent).data.key);
}

async function drainUntilComplete(prefix: string): Promise<string[]> {
  const delivered: string[] = [];
  await until('all events', async () => {
    delivered.push(...(await drain(prefix)));
    return delivered.length >= RECORDS.length;
  });
  return delivered;
}

function isOfCommit({ connection }: SeenCommand): boolean {
  return connection === 'intacct-trigger-transactions';
}

async function newProxy(): Promise<RedisProxy> {
  const proxy = await startRedisProxy(suiteRedisUrl());
  proxies.push(proxy);
  return proxy;
}

async function inPool<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length);
  const left = [...items.entries()];
  const lanes = Array.from({ length: AT_ONCE }, async () => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) results[one[0]] = await work(one[1]);
  });
  await Promise.all(lanes);
  return results;
}

function pass(): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, 10, undefined));
}
