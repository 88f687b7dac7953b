import { expect, test } from '@jest/globals';
import { Keys } from '../../worker/state/keys.js';
import { onStage } from '../support/books.js';

const COMPANY = 'simulated-company';

test.concurrent(
  'NUL, escape codes and half characters cost their own row, and the stream goes on',
  () =>
    onStage(async ({ stage, books }) => {
      const { company } = stage.simulator;
      const stampedAtMs = Date.now() - 5_000;
      const spoilt = ['nul \u0000 in it', 'esc \u001b[31m red', 'vertical \u000b tab', 'not a character \uffff'];
      for (const NAME of spoilt) company.create('VENDOR', { NAME }, { stampedAtMs });
      books.create(1, 'VENDOR');
      const worker = await stage.startApp({ INTACCT_OBJECTS: 'VENDOR,CUSTOMER' });
      books.create(1);
      await books.untilArrived('CUSTOMER');
      await worker.until('an event', async () => (await stage.events()).some(({ data }) => data.object === 'VENDOR'));
      await worker.polledAgain(1, 'done');
      const vendors = (await stage.events()).filter(({ data }) => data.object === 'VENDOR');
      const rejected = await stage.jobs('intacct-rejected');

      expect(vendors.map(({ data }) => data.key)).toEqual([String(spoilt.length + 1)]);
      expect(rejected.map(({ data }) => data.reason)).toEqual(spoilt.map(() => 'illegal_characters'));
      expect(new Set(rejected.map(({ data }) => data.key)).size).toBe(spoilt.length);
    }),
  60_000,
);

test.concurrent(
  'a row that says 2099, and one of long ago that nobody asked for, move nothing',
  () =>
    onStage(async ({ stage, books }) => {
      const { company } = stage.simulator;
      company.create('CUSTOMER', { NAME: 'From the future' }, { stampedAtMs: Date.UTC(2099, 0, 1) });
      company.create('CUSTOMER', { NAME: 'From long ago' }, { stampedAtMs: Date.UTC(2001, 0, 1) });
      stage.simulator.faults.always({ kind: 'ignore-filter' }, { functionName: 'query' });
      const worker = await stage.startApp();
      books.create(2);
      await worker.until('the two', async () => (await stage.events()).length >= 2);
      await worker.polledAgain(1, 'done');
      const { watermark } = await worker.stream('CUSTOMER');

      expect((await stage.events()).map(({ data }) => data.record['NAME'])).toEqual([
        'Made as number 1',
        'Made as number 2',
      ]);
      expect(Date.parse(watermark ?? '')).toBeLessThan(Date.now() + 60_000);
      expect(worker.log('poll.finished').some(({ strays }) => Number(strays) > 0)).toBe(true);
    }),
  60_000,
);

test.concurrent(
  'fields named like parts of every object arrive as fields',
  () =>
    onStage(async ({ stage }) => {
      const { company } = stage.simulator;
      const fields = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
      for (const field of fields) company.addField('CUSTOMER', `${field}:text`);
      const values = Object.fromEntries(fields.map((field) => [field, `value of ${field}`]));
      company.create('CUSTOMER', values, { stampedAtMs: Date.now() - 5_000 });
      const worker = await stage.startApp();
      const record = await worker.until('the event', async () => (await stage.jobs())[0]?.data.data.record as object);

      expect(fields.map((field) => Object.getOwnPropertyDescriptor(record, field)?.value)).toEqual(
        fields.map((field) => `value of ${field}`),
      );
    }),
  60_000,
);

test.concurrent(
  'locations of any name are entered, told apart and named in events',
  () =>
    onStage(
      async ({ stage }) => {
        const { company } = stage.simulator;
        const entities = ['a&b<c>', '100:US', 'all', '"quoted"'];
        // "all" as the name of an entity cannot be asked for; its records come all the same, without their own session.
        const asked = entities.filter((id) => id !== 'all');
        for (const entity of asked)
          company.create('CUSTOMER', { NAME: entity }, { entity, stampedAtMs: Date.now() - 5_000 });
        const worker = await stage.startApp({ INTACCT_LOCATION_IDS: asked.join(',') });
        await worker.until('an event of each', async () => (await stage.events()).length >= asked.length);
        const { streams } = await worker.status();

        expect((await stage.events()).map(({ data }) => data.location).sort()).toEqual([...asked].sort());
        expect(streams.map(({ location }) => location).sort()).toEqual([...asked].sort());
      },
      { entities: { 'a&b<c>': 'Odd', '100:US': 'Colon', all: 'All', '"quoted"': 'Quoted' } },
    ),
  60_000,
);

const DAMAGE = {
  'a number that is none': { watermarkMs: 'yesterday' },
  'JSON that is broken': { scan: '{"loMs":' },
  'a field missing': { originMs: '' },
} as const;

test.concurrent(
  'state in Redis that no worker wrote stops its stream alone, /status says what to do, and it is left as it is',
  () =>
    onStage(async ({ stage, books }) => {
      const keys = new Keys(stage.prefix);
      const key = keys.state(COMPANY, null, 'VENDOR');
      const environment = { INTACCT_OBJECTS: 'CUSTOMER,VENDOR' };
      const first = await stage.startApp(environment);
      books.create(1, 'VENDOR');
      await books.untilArrived('VENDOR');
      await first.stop();
      books.create(1, 'VENDOR');
      const sound = await stage.redis.hgetall(key);
      const worker = await stage.startApp(environment);
      for (const damage of Object.values(DAMAGE)) {
        await stage.redis.hset(key, damage);
        const damaged = await worker.until('the trouble', async () => {
          const stream = await worker.stream('VENDOR');
          return stream.trouble !== undefined && stream;
        });
        await worker.polledAgain(1);
        expect(damaged.trouble).toContain(`The saved state ${key} cannot be read`);
        expect(damaged.trouble).toContain('put right, or deleted');
        expect(await stage.redis.hgetall(key)).toMatchObject(damage);
      }
      books.create(1);
      await books.untilArrived('CUSTOMER');
      await stage.redis.set(key, 'of another type');
      await worker.polledAgain(1);
      const kept = await stage.redis.get(key);
      const { text: status } = await worker.get('/status');
      await stage.redis.del(key);
      await stage.redis.hset(key, sound);
      await books.untilArrived('VENDOR');

      expect(kept).toBe('of another type');
      expect(status).toContain('VENDOR');
      expect(await books.twice()).toEqual([]);
    }),
  90_000,
);

test.concurrent(
  'a cursor in the future is taken for a clock that was set back: records of now still come',
  () =>
    onStage(async ({ stage, books }) => {
      const key = new Keys(stage.prefix).state(COMPANY, null, 'CUSTOMER');
      const worker = await stage.startApp();
      books.create(1);
      await books.untilArrived();
      await stage.redis.hset(key, { watermarkMs: String(Date.UTC(2099, 0, 1)) });
      await worker.polledAgain(1);
      books.create(2);
      await books.untilArrived();

      expect(await books.twice()).toEqual([]);
    }),
  60_000,
);
