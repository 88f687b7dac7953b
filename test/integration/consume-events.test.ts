import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from '@jest/globals';
import { Queue, UnrecoverableError } from 'bullmq';
import { type ConsumeEventsOptions, consumeEvents, type EventConsumer, type TriggerEvent } from '../../shared/index.js';
import { connectRedis, type Redis } from '../../shared/redis.js';
import { validEvent } from '../unit/shared/valid-event.js';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) {
    await close();
  }
});

function redisUrl(): string {
  const url = process.env['TEST_REDIS_URL'];
  if (url === undefined) {
    throw new Error('TEST_REDIS_URL is not set');
  }
  return url;
}

function connection(role: 'commands' | 'blocking' = 'commands'): Redis {
  const redis = connectRedis(redisUrl(), { name: 'test', role });
  closers.push(async () => redis.disconnect());
  return redis;
}

/** A queue of this test alone, removed at its end. */
function emptyQueue() {
  const prefix = `test-${randomUUID()}`;
  const queue = new Queue<unknown>('intacct-events', { connection: connection(), prefix });
  closers.push(async () => {
    await queue.obliterate({ force: true });
    await queue.close();
  });
  return { queue, prefix };
}

function consuming(options: ConsumeEventsOptions): EventConsumer {
  const consumer = consumeEvents(options);
  closers.push(() => consumer.close());
  return consumer;
}

function eventWithId(id: string): TriggerEvent {
  return { ...validEvent(), id };
}

test('each event of the queue reaches the handler once, as it was enqueued and in order', async () => {
  const { queue, prefix } = emptyQueue();
  const ids = ['e1', 'e2', 'e3', 'e4', 'e5'];
  await queue.addBulk(ids.map((id) => ({ name: validEvent().type, data: eventWithId(id), opts: { jobId: id } })));

  const seen: TriggerEvent[] = [];
  const done = new Promise<void>((resolve) => {
    consuming({
      redisUrl: redisUrl(),
      prefix,
      handler: async (event, { job, signal }) => {
        expect([job.id, job.name, signal.aborted]).toEqual([event.id, 'intacct.customer.created', false]);
        seen.push(event);
        if (seen.length === ids.length) {
          resolve();
        }
      },
    });
  });
  await done;
  expect(seen).toEqual(ids.map(eventWithId));
});

test('a job that is no event fails at once and for good, shows nothing of the row, and holds nothing up', async () => {
  const { queue, prefix } = emptyQueue();
  const opts = { attempts: 5 };
  await queue.add('x', { ...validEvent(), time: 'salary 1', data: { record: { PAY: 'salary 2', N: 3 } } }, opts);
  await queue.add('x', eventWithId('good'), opts);

  const handled = await new Promise<string>((resolve) => {
    consuming({ connection: connection('blocking'), prefix, handler: async ({ id }) => resolve(id) });
  });
  expect(handled).toBe('good');
  const [failed] = await queue.getFailed();
  expect(failed?.attemptsMade).toBe(1);
  expect(failed?.failedReason).toMatch(/^Not a trigger event: time: .*; data\.key: /);
  expect(`${failed?.failedReason}${failed?.stacktrace?.join()}`).not.toContain('salary');
});

test('an event whose handler failed comes again under the same id', async () => {
  const { queue, prefix } = emptyQueue();
  await queue.add('x', eventWithId('again'), { attempts: 2 });
  const attempts: string[] = [];
  await new Promise<void>((resolve) => {
    consuming({
      redisUrl: redisUrl(),
      prefix,
      handler: async ({ id }) => {
        attempts.push(id);
        if (attempts.length === 1) {
          throw new Error('the database was away');
        }
        resolve();
      },
    });
  });
  expect(attempts).toEqual(['again', 'again']);
});

test('a handler can give an event up', async () => {
  const { queue, prefix } = emptyQueue();
  const { worker } = consuming({
    redisUrl: redisUrl(),
    prefix,
    handler: async () => {
      throw new UnrecoverableError('no such tenant');
    },
  });
  const failed = new Promise((resolve) => worker.once('failed', resolve));
  const job = await queue.add('x', eventWithId('hopeless'), { attempts: 5 });
  await failed;
  expect(await job.getState()).toBe('failed');
});

test('closing waits for the handler that runs, takes nothing more, and leaves a borrowed client open', async () => {
  const { queue, prefix } = emptyQueue();
  const borrowed = connection('blocking');
  await queue.add('x', eventWithId('first'));
  await queue.add('x', eventWithId('second'));
  const handled: string[] = [];
  let finish = () => {};
  const consumer = await new Promise<EventConsumer>((resolve) => {
    const started = consuming({
      connection: borrowed,
      prefix,
      handler: async ({ id }) => {
        handled.push(`${id} begun`);
        resolve(started);
        await new Promise<void>((release) => {
          finish = release;
        });
        handled.push(`${id} done`);
      },
    });
  });
  const closed = Promise.all([consumer.close(), consumer.close()]);
  finish();
  await closed;
  expect(handled).toEqual(['first begun', 'first done']);
  expect(await queue.getWaitingCount()).toBe(1);
  expect(await borrowed.ping()).toBe('PONG');
});

test('a consumer that never reached Redis says so, and can be closed', async () => {
  const consumers: EventConsumer[] = [];
  const error = await new Promise<Error>((resolve) => {
    consumers.push(
      consumeEvents({ redisUrl: 'redis://127.0.0.1:1', handler: async () => undefined, onError: resolve }),
    );
  });
  expect(error).toMatchObject({ code: 'ECONNREFUSED' });
  await Promise.all(consumers.map((consumer) => consumer.close()));
});
