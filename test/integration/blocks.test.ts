import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { connectRedis, type Redis } from '../../shared/redis.js';
import { type Blocks, createBlocks, type StreamTrouble } from '../../worker/state/blocks.js';
import { Keys } from '../../worker/state/keys.js';
import { aStream } from '../support/streams.js';

const REDIS_URL = process.env['TEST_REDIS_URL'] ?? '';
const HOUR_MS = 3_600_000;
const NOTHING: StreamTrouble = { blocked: null, paused: false, strikes: 0 };

const REFUSED = {
  code: 'NOT_PERMITTED',
  message: 'User "bot" may not read APBILL',
  sageText: 'You do not have permission',
  advice: 'Give user "bot" the permission.',
};
const PASSING = {
  code: 'PROCESSING_FAILED',
  message: 'Sage Intacct could not process the query',
  sageText: 'There was an error processing the request.',
  advice: 'Nothing to do if it passes.',
};

describe('blocked streams', () => {
  const bills = aStream({ object: 'APBILL' });
  const invoices = aStream({ object: 'ARINVOICE' });
  let keys: Keys;
  let redis: Redis;
  let blocks: Blocks;

  beforeEach(() => {
    keys = new Keys(`t${randomUUID()}`);
    redis = connectRedis(REDIS_URL, { name: 'test', role: 'commands' });
    blocks = createBlocks({ redis, keys });
  });

  afterEach(() => redis.disconnect());

  test('a refused object blocks its stream alone, with the words of Sage', async () => {
    await blocks.recordRefusal(bills, REFUSED);

    const [ofBills, ofInvoices] = await anotherProcess().load([bills, invoices]);

    expect(ofBills?.blocked).toMatchObject({ ...REFUSED, probeDue: false });
    expect((ofBills?.blocked?.probeAtMs ?? 0) - (ofBills?.blocked?.sinceMs ?? 0)).toBe(HOUR_MS);
    expect(ofInvoices).toEqual(NOTHING);
  });

  test('the same object in another location is another stream', async () => {
    await blocks.recordRefusal(aStream({ location: '100' }), REFUSED);

    const [other, topLevel] = await blocks.load([aStream({ location: '200' }), aStream({ location: null })]);

    expect([other, topLevel]).toEqual([NOTHING, NOTHING]);
  });

  test('is probed an hour after the last refusal, and blocked since the first', async () => {
    await blocks.recordRefusal(bills, REFUSED);
    await age(bills, 'sinceMs', 5 * HOUR_MS);
    await age(bills, 'lastMs', HOUR_MS);
    const [before] = await blocks.load([bills]);
    expect(before?.blocked?.probeDue).toBe(true);

    await blocks.recordRefusal(bills, REFUSED);

    const [after] = await blocks.load([bills]);
    expect(after?.blocked?.probeDue).toBe(false);
    expect(after?.blocked?.sinceMs).toBe(before?.blocked?.sinceMs);
  });

  test('goes on by itself when the probe goes well', async () => {
    await blocks.recordRefusal(bills, REFUSED);
    await blocks.load([bills]);

    await blocks.cleared(bills);

    expect(await blocks.load([bills])).toEqual([NOTHING]);
    expect(await redis.exists(troubleOf(bills))).toBe(0);
  });

  test('an error that may pass blocks the stream at the fifth time in a row, counted over processes', async () => {
    const answers: boolean[] = [];
    for (let time = 0; time < 5; time += 1) answers.push(await anotherProcess().strike(bills, PASSING));

    expect(answers).toEqual([false, false, false, false, true]);
    expect((await blocks.load([bills]))[0]?.blocked).toMatchObject(PASSING);
  });

  test('an error that passes in between starts the count anew', async () => {
    for (let time = 0; time < 4; time += 1) await blocks.strike(bills, PASSING);
    expect(await blocks.load([bills])).toEqual([{ ...NOTHING, strikes: 4 }]);
    await blocks.cleared(bills);

    expect(await blocks.strike(bills, PASSING)).toBe(false);
    expect((await blocks.load([bills]))[0]?.blocked).toBeNull();
  });

  test('a probe that fails in passing leaves the stream blocked for another hour', async () => {
    await blocks.recordRefusal(bills, REFUSED);
    await age(bills, 'lastMs', HOUR_MS);

    expect(await blocks.strike(bills, PASSING)).toBe(true);

    expect((await blocks.load([bills]))[0]?.blocked?.probeDue).toBe(false);
  });

  test('writes nothing where nothing is wrong', async () => {
    await blocks.load([bills, invoices]);
    const seen: string[] = [];
    const monitor = await redis.monitor();
    monitor.on('monitor', (_time: string, args: readonly string[]) => seen.push(args.join(' ')));
    await blocks.cleared(bills);
    await blocks.cleared(invoices);
    await blocks.load([bills]);
    monitor.disconnect();

    expect(seen.filter((command) => /^hdel/i.test(command) && command.includes(troubleOf(bills)))).toEqual([]);
  });

  test("an operator's pause outlives successes and refusals, and ends with a resume that ends the block as well", async () => {
    await blocks.pause(bills);
    await blocks.recordRefusal(bills, REFUSED);
    await blocks.cleared(bills);
    expect(await blocks.load([bills])).toEqual([{ ...NOTHING, paused: true }]);
    await blocks.recordRefusal(bills, REFUSED);

    await anotherProcess().resume(bills);

    expect(await blocks.load([bills])).toEqual([NOTHING]);
  });

  test('a damaged key stops its stream and no other, and is left as it is', async () => {
    await redis.set(troubleOf(bills), 'not a hash');
    await blocks.recordRefusal(invoices, REFUSED);

    const [ofBills, ofInvoices] = await blocks.load([bills, invoices]);

    expect(ofBills?.blocked).toMatchObject({ code: 'STATE_CORRUPT', probeDue: false });
    expect(ofInvoices?.blocked).toMatchObject({ code: 'NOT_PERMITTED' });
    expect(await redis.get(troubleOf(bills))).toBe('not a hash');
  });

  test('a clock of Redis that was set back does not put the probe off for days', async () => {
    await blocks.recordRefusal(bills, REFUSED);
    await age(bills, 'lastMs', -48 * HOUR_MS);

    expect((await blocks.load([bills]))[0]?.blocked?.probeDue).toBe(true);
  });

  function anotherProcess(): Blocks {
    return createBlocks({ redis, keys });
  }

  function troubleOf({ connection, location, object }: typeof bills): string {
    return keys.trouble(connection, location, object);
  }

  async function age(stream: typeof bills, field: string, byMs: number): Promise<void> {
    await redis.hincrby(troubleOf(stream), field, -byMs);
  }
});
