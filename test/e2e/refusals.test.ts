import { expect, test } from '@jest/globals';
import { Keys } from '../../worker/state/keys.js';
import { onStage } from '../support/books.js';
import { until } from '../support/until.js';

const COMPANY = 'simulated-company';
const ADMIN_TOKEN = 'a-token-of-an-operator';
const HOUR_MS = 3_600_000;

test.concurrent(
  'wrong credentials are tried once, in two processes, not after a restart, and no more until they change',
  () =>
    onStage(async ({ stage, books }) => {
      const wrong = { INTACCT_USER_PASSWORD: 'not the password' };
      const { counters } = stage.simulator.stats;
      books.create(2);
      const workers = await Promise.all([stage.startWorker(wrong), stage.startWorker(wrong)]);
      const outcomes = () => workers.flatMap((worker) => worker.log('poll.finished')).map(({ outcome }) => outcome);
      await until('a blocked poll', () => outcomes().includes('blocked'));
      await Promise.all(workers.map((worker) => worker.stop()));
      const restarted = await stage.startApp(wrong);
      await restarted.polledAgain(0, 'blocked');
      const { connections } = await restarted.status();
      const signIns = counters.failedLogins;
      await restarted.stop();
      const changed = await stage.startApp();
      await books.untilArrived();

      expect(signIns).toBe(1);
      expect(counters.failedLogins).toBe(1);
      expect(connections[0]).toMatchObject({
        state: 'blocked',
        blocked: { code: 'SIGN_IN_REFUSED', sageText: expect.stringContaining('Sign-in information is incorrect') },
      });
      expect((await changed.status()).connections[0]?.state).toBe('active');
    }),
  90_000,
);

test.concurrent(
  'wrong credentials put right in Intacct: an operator resumes the connection, and it goes on',
  () =>
    onStage(async ({ stage, books }) => {
      const { behaviour, stats } = stage.simulator;
      const right = behaviour.credentials;
      const worker = await stage.startApp({ ADMIN_TOKEN, INTACCT_USER_PASSWORD: 'new password' });
      books.create(2);
      await worker.until('a blocked poll', () =>
        worker.log('poll.finished').some(({ outcome }) => outcome === 'blocked'),
      );
      behaviour.credentials = { ...right, userPassword: 'new password' };
      const { status } = await worker.post(`/connections/${COMPANY}/resume`, ADMIN_TOKEN);
      await books.untilArrived();

      expect(status).toBe(200);
      expect(stats.counters.failedLogins).toBe(1);
    }),
  60_000,
);

test.concurrent(
  'no permission for one object: its stream alone is blocked, in the words of Sage, and goes on when a later probe goes well',
  () =>
    onStage(async ({ stage, books }) => {
      const { company, stats } = stage.simulator;
      company.denied.add('VENDOR');
      books.create(2);
      books.create(2, 'VENDOR');
      const worker = await stage.startApp({ INTACCT_OBJECTS: 'CUSTOMER,VENDOR' });
      await books.untilArrived('CUSTOMER');
      const blocked = await worker.until('the block', async () => {
        const stream = await worker.stream('VENDOR');
        return stream.state === 'blocked' && stream;
      });
      books.create(2);
      await books.untilArrived('CUSTOMER');
      const askedFor = stats.queries('VENDOR').length;
      company.denied.clear();
      // The next probe is due in an hour.
      const trouble = new Keys(stage.prefix).trouble(COMPANY, null, 'VENDOR');
      await stage.redis.hincrby(trouble, 'lastMs', -HOUR_MS);
      await books.untilArrived('VENDOR');

      expect(blocked.blocked).toMatchObject({ sageText: expect.stringContaining('do not have permission') });
      expect(askedFor).toBe(1);
      expect((await worker.stream('VENDOR')).state).toBe('active');
      expect(await books.twice()).toEqual([]);
    }),
  60_000,
);

test.concurrent(
  "the month's budget is spent: it is said, shown, and polls become rare",
  () =>
    onStage(async ({ stage, books }) => {
      const { credentials, url, stats } = stage.simulator;
      const { senderId, senderPassword, companyId, userId, userPassword } = credentials;
      const trigger = { object: 'CUSTOMER', every: '1s' };
      const connection = { name: companyId, endpoint: url, senderId, senderPassword, companyId, userId, userPassword };
      const file = JSON.stringify({ connections: [{ ...connection, monthlyTransactions: 100, triggers: [trigger] }] });
      const month = new Date().toISOString().slice(0, 7);
      await stage.redis.hset(new Keys(stage.prefix).usage(companyId, month), 'query', '400');
      books.create(2);
      const worker = await stage.startApp({ CONFIG_FILE: 'worker.yaml', 'file worker.yaml': file });
      await books.untilArrived();
      const before = stats.queries('CUSTOMER').length;
      await worker.polledAgain(3, 'done');
      const queries = stats.queries('CUSTOMER').length - before;
      const { connections } = await worker.status();
      const { text: metrics } = await worker.get('/metrics');

      expect(worker.log('budget.spent')).toHaveLength(1);
      expect(connections[0]?.transactions).toMatchObject({ budget: 100, stretch: expect.any(Number) });
      expect(connections[0]?.transactions.stretch).toBeGreaterThan(1);
      expect(queries).toBeLessThan(3);
      expect(metrics).toMatch(/transactions_month\{connection="simulated-company"\} 40\d/);
    }),
  60_000,
);
