import { expect, test } from '@jest/globals';
import { onStage, type Scene } from '../support/books.js';
import { until } from '../support/until.js';

const HOUR_MS = 3_600_000;

test.concurrent(
  '5,000 rows of one second come whole',
  () =>
    onStage(async ({ stage, books }) => {
      const stampedAtMs = Date.now() - 60_000;
      stage.simulator.company.bulk('CUSTOMER', 5_000, (index) => ({ NAME: `Customer ${index}` }), { stampedAtMs });
      await stage.startApp();
      await untilWaiting(stage, 5_000);

      expect((await books.arrived()).sort()).toEqual(books.lines().sort());
    }),
  60_000,
);

test.concurrent(
  'records that change while pages are read come in their last version, once each',
  () =>
    onStage(async ({ stage, books }) => {
      const { company, faults, stats } = stage.simulator;
      const startMs = Date.now() - 600_000;
      company.bulk(
        'CUSTOMER',
        5_000,
        (index) => ({ NAME: `Customer ${index}` }),
        (index) => ({
          stampedAtMs: startMs + Math.floor(index / 20) * 1_000,
        }),
      );
      // Between two pages: one record of a page that was read, one of a page that was not.
      let edits = 0;
      faults.always(
        { kind: 'delay', ms: 0 },
        {
          functionName: 'query',
          when: () => {
            edits += 1;
            for (const key of [edits, 5_000 - edits])
              company.update('CUSTOMER', String(key), { NAME: `Edited ${edits}` });
            return false;
          },
        },
      );
      const worker = await stage.startApp();
      await untilWaiting(stage, 5_000);
      faults.clear();
      await books.untilArrived();
      await worker.polledAgain(1, 'done');

      expect(stats.queries('CUSTOMER').length).toBeGreaterThan(3);
      expect(await books.twice()).toEqual([]);
    }),
  90_000,
);

test.concurrent(
  'a server that ignores the filter or the order is not believed',
  () =>
    onStage(async ({ stage, books }) => {
      const { company, faults } = stage.simulator;
      company.bulk('CUSTOMER', 2_500, (index) => ({ NAME: `Old ${index}` }), {
        stampedAtMs: Date.now() - 48 * HOUR_MS,
      });
      const worker = await stage.startApp();
      await worker.polledAgain(1, 'done');
      const strange = [
        faults.always({ kind: 'ignore-filter' }, { functionName: 'query' }),
        faults.always({ kind: 'ignore-order' }, { functionName: 'query' }),
      ];
      books.create(3);
      await worker.until('a strange answer', () => strange.every(({ hits }) => hits > 1));
      for (const fault of strange) fault.remove();
      await worker.until('the new records', async () => (await books.arrived()).length >= 3);
      await worker.polledAgain(1, 'done');

      expect((await stage.events()).map(({ data }) => data.key).sort()).toEqual(['2501', '2502', '2503']);
    }),
  60_000,
);

test.concurrent(
  'records that become visible late, within OVERLAP, come with the next poll',
  () =>
    onStage(async (scene) => {
      await seeLate(scene, { OVERLAP: '1m' });
    }),
  60_000,
);

test.concurrent(
  'records that become visible later than OVERLAP come with the next sweep',
  () =>
    onStage(async (scene) => {
      const found = await seeLate(scene, { OVERLAP: '2s', SWEEP_EVERY: '2s', SWEEP_BACK: '1h' });

      expect(found).toBe(1);
    }),
  60_000,
);

test.concurrent.each([-7, 5])(
  "Intacct's clock is off by %i hours: windows go by its clock",
  (hours) =>
    onStage(async ({ stage, books }) => {
      stage.simulator.clock.setOffset(hours * HOUR_MS);
      const worker = await stage.startApp();
      books.create(3);
      await books.untilArrived();
      await worker.polledAgain(1, 'done');
      books.create(2);
      await books.untilArrived();
      const { watermark } = await worker.stream('CUSTOMER');

      expect(Math.abs(Date.parse(watermark ?? '') - stage.simulator.clock.now())).toBeLessThan(HOUR_MS);
      expect(await books.twice()).toEqual([]);
    }),
  60_000,
);

test.concurrent(
  "Intacct's clock is set back by an hour while the worker runs: nothing is missing",
  () =>
    onStage(async ({ stage, books }) => {
      const worker = await stage.startApp({ START_FROM: '6h' });
      books.create(3);
      await books.untilArrived();
      await worker.polledAgain(1, 'done');
      stage.simulator.clock.jump(-HOUR_MS);
      books.create(2);
      await books.untilArrived();

      expect(await books.twice()).toEqual([]);
    }),
  60_000,
);

test.concurrent.each([-1, 1])(
  "the worker's own clock is off by %i h: it polls and misses nothing",
  (hours) =>
    onStage(async ({ stage, books }) => {
      const worker = await stage.startWorker(clockOffBy(hours * HOUR_MS));
      books.create(3);
      await books.untilArrived();
      await worker.polledAgain(2);
      const { text } = await worker.get('/status');
      const { streams } = JSON.parse(text) as { streams: { watermark: string }[] };

      expect(Math.abs(Date.parse(streams[0]?.watermark ?? '') - Date.now())).toBeLessThan(HOUR_MS / 2);
      expect(await books.twice()).toEqual([]);
    }),
  60_000,
);

test.concurrent(
  'a worker whose clock was an hour ahead is replaced by one whose clock is right: polls go on',
  () =>
    onStage(async ({ stage, books }) => {
      const ahead = await stage.startWorker(clockOffBy(HOUR_MS));
      await ahead.polled(1);
      await ahead.stop();
      await stage.startApp();
      books.create(3);
      await books.untilArrived();
    }),
  60_000,
);

/** Sets the clock of a process before its program begins; monotonic time goes on as it does. */
function clockOffBy(ms: number): Readonly<Record<string, string>> {
  const program = `const now = Date.now; const Real = Date;
    globalThis.Date = class extends Real { constructor(...args) { super(...(args.length === 0 ? [Date.now()] : args)); } };
    Date.now = () => now() + ${ms};`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(program)}` };
}

/** A record stamped twenty seconds ago that readers see only now, when the window over its stamp is closed. */
async function seeLate({ stage, books }: Scene, environment: Readonly<Record<string, string>>): Promise<number> {
  const worker = await stage.startApp(environment);
  await worker.polledAgain(1, 'done');
  const lateMs = Date.now() - 20_000;
  const { watermark } = await worker.stream('CUSTOMER');
  stage.simulator.company.create('CUSTOMER', { NAME: 'Late' }, { stampedAtMs: lateMs });
  await books.untilArrived();
  await worker.polledAgain(1, 'done');

  expect(Date.parse(watermark ?? '')).toBeGreaterThan(lateMs);
  expect(await books.twice()).toEqual([]);
  const { text } = await worker.get('/metrics');
  return Number(/sweep_finds_total\{[^}]*margin="sweep"[^}]*\} (\d+)/.exec(text)?.[1]);
}

async function untilWaiting(stage: Scene['stage'], count: number): Promise<void> {
  await until(`${count} events`, async () => (await stage.queue().getWaitingCount()) >= count);
}
