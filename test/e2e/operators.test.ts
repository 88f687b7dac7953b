import { expect, test } from '@jest/globals';
import { onStage } from '../support/books.js';
import { until } from '../support/until.js';

const ADMIN_TOKEN = 'a-token-of-an-operator';
const STREAM = encodeURIComponent('simulated-company~all~CUSTOMER');

test.concurrent(
  'calls that change something are refused where no token is configured, whatever is sent',
  () =>
    onStage(async ({ stage }) => {
      const worker = await stage.startApp();
      const answers = [
        await worker.post(`/streams/${STREAM}/pause`),
        await worker.post(`/streams/${STREAM}/pause`, 'x'),
      ];
      answers.push(await worker.post('/connections/simulated-company/resume', ''));

      expect(answers.map(({ status }) => status)).toEqual([403, 403, 403]);
      expect((await worker.stream('CUSTOMER')).state).toBe('active');
    }),
  60_000,
);

test.concurrent(
  'calls that change something are refused without the token or with a wrong one, which is not repeated',
  () =>
    onStage(async ({ stage }) => {
      const worker = await stage.startApp({ ADMIN_TOKEN });
      const wrong = [undefined, 'wrong', `${ADMIN_TOKEN}x`, ADMIN_TOKEN.slice(1), ''];
      const answers = await Promise.all(wrong.map((token) => worker.post(`/streams/${STREAM}/pause`, token)));

      expect(answers.map(({ status }) => status)).toEqual(wrong.map(() => 401));
      expect(answers.map(({ text }) => text).join()).not.toContain('token-of');
      expect((await worker.stream('CUSTOMER')).state).toBe('active');
    }),
  60_000,
);

test.concurrent(
  'calls that change something nobody knows are answered with 404',
  () =>
    onStage(async ({ stage }) => {
      const worker = await stage.startApp({ ADMIN_TOKEN });
      const paths = ['/streams/nobody~all~CUSTOMER/pause', '/streams/__proto__/resume', '/connections/nobody/resume'];
      const answers = await Promise.all(paths.map((path) => worker.post(path, ADMIN_TOKEN)));

      expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
    }),
  60_000,
);

test.concurrent(
  'a paused stream reads nothing, in any process, and misses nothing after it is resumed',
  () =>
    onStage(async ({ stage, books }) => {
      const { stats } = stage.simulator;
      const worker = await stage.startApp({ ADMIN_TOKEN, INTACCT_OBJECTS: 'CUSTOMER,VENDOR' });
      books.create(2);
      await books.untilArrived();
      const { status } = await worker.post(`/streams/${STREAM}/pause`, ADMIN_TOKEN);
      await worker.polledAgain(1);
      const other = await stage.startApp({ ADMIN_TOKEN, INTACCT_OBJECTS: 'CUSTOMER,VENDOR' });
      const before = stats.queries('CUSTOMER').length;
      books.create(2);
      books.create(1, 'VENDOR');
      await books.untilArrived('VENDOR');
      const vendors = stats.queries('VENDOR').length;
      await until('two polls more, by whichever process', () => stats.queries('VENDOR').length >= vendors + 2);
      const state = (await other.stream('CUSTOMER')).state;
      const during = stats.queries('CUSTOMER').length;
      await other.post(`/streams/${STREAM}/resume`, ADMIN_TOKEN);
      await books.untilArrived();

      expect([status, state, during - before]).toEqual([200, 'paused', 0]);
      expect(await books.twice()).toEqual([]);
    }),
  60_000,
);

test.concurrent(
  'a queue that nobody empties: its streams stop with their watermark where it is, and go on by themselves',
  () =>
    onStage(async ({ stage, books }) => {
      const worker = await stage.startApp({ QUEUE_HIGH_WATER: '5' });
      books.create(6);
      await books.untilArrived();
      const stopped = await worker.until('a loud word', () => worker.log('backpressure')[0]);
      await worker.polledAgain(1);
      const before = await worker.stream('CUSTOMER');
      const leases = await stage.redis.exists(stage.leaseKey());
      books.create(3);
      await worker.polledAgain(1);
      const during = await worker.stream('CUSTOMER');
      const held = await books.arrived();
      for (const job of await stage.jobs()) await job.remove();
      await worker.until('the rest', async () => (await books.arrived()).length === 3);

      expect(stopped).toMatchObject({ level: 'error', queues: ['intacct-events'] });
      expect([held.length, during.watermark, leases]).toEqual([6, before.watermark, 0]);
      expect(worker.log('backpressure.over')).toHaveLength(1);
    }),
  60_000,
);

test.concurrent(
  'two processes and four locations have one request in flight between them',
  () =>
    onStage(
      async ({ stage, books }) => {
        const { behaviour, stats } = stage.simulator;
        behaviour.latencyMs = 30;
        const environment = { INTACCT_LOCATION_IDS: 'E1,E2,E3,E4', INTACCT_OBJECTS: 'CUSTOMER,VENDOR' };
        const [worker, other] = await Promise.all([stage.startApp(environment), stage.startApp(environment)]);
        books.create(3);
        await books.untilArrived();
        const polls = () =>
          [worker, other].map((app) => app.log('poll.finished').filter(({ outcome }) => outcome === 'done'));
        await until('polls of both', () => {
          const [one = [], two = []] = polls();
          return one.length > 0 && two.length > 0 && one.length + two.length >= 12;
        });
        const locations = new Set(
          polls()
            .flat()
            .map(({ location }) => location),
        );

        expect(stats.counters.maxInFlight).toBe(1);
        expect([...locations].sort()).toEqual(['E1', 'E2', 'E3', 'E4']);
        expect(await books.twice()).toEqual([]);
      },
      { entities: { E1: '1', E2: '2', E3: '3', E4: '4' } },
    ),
  60_000,
);
