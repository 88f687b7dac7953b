import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Queue } from 'bullmq';
import { connectRedis, type Redis } from '../../shared/redis.js';
import { schedulerId, syncSchedules } from '../../worker/schedules.js';
import type { Poller } from '../../worker/tick-tools.js';

const MINUTE_MS = 60_000;

describe('schedules', () => {
  let redis: Redis;
  let queue: Queue;

  beforeEach(() => {
    redis = connectRedis(process.env['TEST_REDIS_URL'] ?? '', { name: 'test', role: 'commands' });
    queue = new Queue('intacct-polls', { connection: redis, prefix: `t${randomUUID()}` });
  });
  afterEach(async () => {
    await queue.close();
    redis.disconnect();
  });

  test('are made equal to the configuration, without leftovers', async () => {
    await syncSchedules(queue, [poller('100-US'), poller('200-UK')], Date.now(), 0);
    await syncSchedules(queue, [poller('200-UK', 2 * MINUTE_MS), poller(null)], Date.now(), 0);

    const schedulers = await queue.getJobSchedulers(0, -1);
    expect(schedulers.map(({ key, every }) => [key, Number(every)]).sort()).toEqual([
      [schedulerId(poller('200-UK')), 2 * MINUTE_MS],
      [schedulerId(poller(null)), MINUTE_MS],
    ]);
  });

  test('that are as they should be are not touched, however many processes look after them', async () => {
    const pollers = [poller('100-US')];
    await syncSchedules(queue, pollers, Date.now(), 0);
    const [before] = await queue.getJobSchedulers(0, -1);
    await syncSchedules(queue, pollers, Date.now() + 10, 0);
    await syncSchedules(queue, pollers, Date.now() + 20, 0);
    expect(await queue.getJobSchedulers(0, -1)).toEqual([before]);
  });

  test('of many pollers do not fire together', async () => {
    const pollers = Array.from({ length: 10 }, (_, index) => poller(`E${index}`));
    await syncSchedules(queue, pollers, Date.now(), 0);
    const first = (await queue.getJobSchedulers(0, -1)).map(({ next }) => next);
    expect(new Set(first).size).toBe(10);
  });

  test('that have lost their next tick are made again and counted', async () => {
    const pollers = [poller('100-US')];
    await syncSchedules(queue, pollers, Date.now(), 0);
    expect(await syncSchedules(queue, pollers, Date.now() + 10 * MINUTE_MS, 0)).toBe(1);
    expect(await queue.getJobSchedulers(0, -1)).toHaveLength(1);
  });

  test('made by a clock that was an hour ahead are made again when it is put right', async () => {
    const pollers = [poller('100-US')];
    const nowMs = Date.now();
    await syncSchedules(queue, pollers, nowMs + 60 * MINUTE_MS, nowMs);
    expect(await syncSchedules(queue, pollers, nowMs, nowMs)).toBe(1);
    const [scheduler] = await queue.getJobSchedulers(0, -1);
    expect(scheduler?.next).toBeLessThanOrEqual(nowMs + 2 * MINUTE_MS);
  });

  test('are not taken for lost when no worker was there to take their ticks', async () => {
    const pollers = [poller('100-US')];
    await syncSchedules(queue, pollers, Date.now(), 0);
    const muchLaterMs = Date.now() + 60 * MINUTE_MS;
    expect(await syncSchedules(queue, pollers, muchLaterMs, muchLaterMs - 1_000)).toBe(0);
  });

  test('keep an entity called "all" apart from the top level', () => {
    expect(schedulerId(poller('all'))).not.toBe(schedulerId(poller(null)));
  });
});

function poller(location: string | null, everyMs = MINUTE_MS): Poller {
  return { connection: 'acme', location, everyMs, streams: [] };
}
