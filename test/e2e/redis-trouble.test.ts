import { expect, test } from '@jest/globals';
import { onOwnRedis, type Scene } from '../support/books.js';
import { startRedisProxy } from '../support/redis-proxy.js';
import type { WorkerApp } from '../support/worker-app.js';

/** A worker that has done its first work. */
async function atWork({ stage, books }: Scene): Promise<WorkerApp> {
  books.create(3);
  const worker = await stage.startApp();
  await books.untilArrived();
  return worker;
}

test.concurrent(
  'Redis emptied while the worker runs: said loudly, schedules come back, streams start at START_FROM',
  () =>
    onOwnRedis(async (scene) => {
      const { stage, books } = scene;
      const worker = await atWork(scene);
      await stage.redis.flushall();
      const lost = await worker.until('a loud word', () => {
        return worker.log().find(({ level, msg }) => level === 'error' && msg === 'state.lost');
      });
      books.create(2);
      await books.untilArrived();
      await worker.ready();

      expect(lost).toMatchObject({ object: 'CUSTOMER', advice: expect.stringContaining('persists') });
      expect(await books.twice()).toEqual([]);
      expect(await books.arrived()).toHaveLength(5);
    }),
  60_000,
);

test.concurrent(
  'Redis set back to an older copy: what was enqueued since comes again, nothing else does, nothing is missing',
  () =>
    onOwnRedis(async (scene) => {
      const { stage, books, server } = scene;
      const worker = await atWork(scene);
      await worker.polledAgain(1);
      await stage.redis.save();
      const old = await books.arrived();
      books.create(2);
      await books.untilArrived();
      await server.kill9();
      await server.restart();
      books.create(1);
      await books.untilArrived();
      await worker.polledAgain(2);

      expect(old).toHaveLength(3);
      expect((await books.arrived()).sort()).toEqual(books.lines().sort());
    }),
  60_000,
);

test.concurrent(
  'Redis killed five times with an append-only file: nothing is missing, nothing comes twice',
  () =>
    onOwnRedis(
      async (scene) => {
        const { books, server } = scene;
        const worker = await atWork(scene);
        for (let kill = 0; kill < 5; kill += 1) {
          books.create(2);
          await server.kill9();
          books.create(1);
          await server.restart();
          await books.untilArrived();
        }
        await worker.polledAgain(1);

        expect((await books.arrived()).sort()).toEqual(books.lines().sort());
      },
      { appendonly: 'everysec' },
    ),
  90_000,
);

test.concurrent(
  'scripts of Redis flushed again and again: every poll does its work',
  () =>
    onOwnRedis(async (scene) => {
      const { stage, books } = scene;
      const worker = await atWork(scene);
      for (let flush = 0; flush < 5; flush += 1) {
        await stage.redis.script('FLUSH');
        books.create(1);
        await stage.redis.script('FLUSH');
        await books.untilArrived();
      }
      await worker.polledAgain(1);

      expect(await books.twice()).toEqual([]);
      expect(worker.log('poll.finished').filter(({ outcome }) => outcome !== 'done')).toEqual([]);
    }),
  60_000,
);

test.concurrent(
  'Redis nearly out of memory: streams stop loudly where they are, and go on by themselves when there is room',
  () =>
    onOwnRedis(async (scene) => {
      const { stage, books } = scene;
      const worker = await atWork(scene);
      // So much that what is left of it is enough for everything that a worker does besides.
      await stage.redis.setrange('filler', 30_000_000, 'x');
      const usedBytes = Number(/used_memory:(\d+)/.exec(await stage.redis.info('memory'))?.[1]);
      await stage.redis.config('SET', 'maxmemory', String(Math.floor(usedBytes * 1.03)));
      await worker.until('a loud word', () => worker.log('backpressure').some(({ level }) => level === 'error'));
      await worker.polledAgain(1);
      const before = await worker.stream('CUSTOMER');
      books.create(3);
      await worker.polledAgain(1);
      const during = await worker.stream('CUSTOMER');
      const held = await books.arrived();
      const { text: metrics } = await worker.get('/metrics');
      await stage.redis.config('SET', 'maxmemory', '0');
      await books.untilArrived();
      await worker.polledAgain(1);

      expect([during.watermark, held.length]).toEqual([before.watermark, 3]);
      expect(metrics).toMatch(/stream_state\{[^}]*state="backpressure"\} 1/);
      expect((await books.arrived()).sort()).toEqual(books.lines().sort());
    }),
  60_000,
);

test.concurrent(
  'Redis out of memory: said loudly, and no watermark moves',
  () =>
    onOwnRedis(async (scene) => {
      const { stage, books } = scene;
      const worker = await atWork(scene);
      await stage.redis.config('SET', 'maxmemory', '1');
      const before = await worker.stream('CUSTOMER');
      books.create(3);
      const loud = await worker.until('a loud word', () => worker.log('redis.out_of_memory')[0]);
      const during = await worker.stream('CUSTOMER');
      await stage.redis.config('SET', 'maxmemory', '0');

      expect(loud).toMatchObject({ level: 'error', advice: expect.stringContaining('memory') });
      expect([during.watermark, (await books.arrived()).length]).toEqual([before.watermark, 3]);
    }),
  60_000,
);

test.concurrent(
  'Redis accepts and does not answer for a while: not ready, said, and made up for afterwards',
  () =>
    onOwnRedis(async ({ stage, books, server }) => {
      const proxy = await startRedisProxy(server.url);
      const worker = await stage.startApp({ REDIS_URL: proxy.url });
      try {
        books.create(3);
        await books.untilArrived();
        proxy.blackHole();
        books.create(2);
        const readiness = await worker.until('a worker that is not ready', async () => {
          const answer = await worker.get('/readyz');
          return answer.status === 503 && answer;
        });
        await worker.until('a word about it', () => worker.log('redis.unreachable').length > 0);
        await proxy.pass();
        proxy.cut();
        await books.untilArrived();
        await worker.ready();
        await worker.polledAgain(1);

        expect(JSON.parse(readiness.text)).toMatchObject({ problems: ['Redis does not answer'] });
        expect((await books.arrived()).sort()).toEqual(books.lines().sort());
      } finally {
        await worker.stop();
        await proxy.stop();
      }
    }),
  90_000,
);
