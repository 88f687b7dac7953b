import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Stage } from '../support/stage.js';
import { until } from '../support/until.js';
import { lineOf, lineOfEvent, nameOf, recordOf, repeated } from '../support/worked-company.js';
import type { WorkerProcess } from '../support/worker-process.js';

let stage: Stage;

beforeEach(async () => {
  stage = await Stage.open();
});

afterEach(() => stage.close());

describe('a worker that is stopped and started again', () => {
  test('goes on where it stopped: what happened in between comes, what came does not come again', async () => {
    const first = await stage.startWorker();
    createCustomers(5);
    await untilAllArrived();
    const exit = await first.stop();
    const left = await stage.redis.exists(stage.leaseKey());

    createCustomers(5);
    for (const key of ['1', '2']) stage.simulator.company.update('CUSTOMER', key, { NAME: 'Renamed' }, settled());
    const second = await stage.startWorker();
    await untilAllArrived();
    await second.polledAgain(2);
    const ops = (await stage.events()).map(({ data }) => `${data.key} ${data.op}`);

    expect(exit).toEqual({ code: 0, signal: null });
    expect(left).toBe(0);
    expect(ops.sort()).toEqual([...keysTo(10).map((key) => `${key} created`), '1 updated', '2 updated'].sort());
  });

  test('in the middle of a long catch-up reads the rest and no page twice', async () => {
    const ROWS = 5_000;
    const stampedAtMs = Date.now() - 60_000;
    const { company } = stage.simulator;
    company.bulk(
      'CUSTOMER',
      ROWS,
      (index) => ({ NAME: `Customer ${index}` }),
      (index) => ({
        // A few hundred rows of one second, so that pages also end in the middle of one.
        stampedAtMs: stampedAtMs + Math.floor(index / 300) * 1_000,
      }),
    );
    const first = await stage.startWorker();
    await until('the first page', async () => (await waiting()) > 0);
    const exit = await first.stop();
    const caughtUp = await waiting();
    const second = await stage.startWorker();
    await until('the last page', async () => (await waiting()) >= ROWS);
    await second.polledAgain(2);
    const keys = (await stage.events()).map(({ data }) => Number(data.key));

    expect(exit).toEqual({ code: 0, signal: null });
    expect(caughtUp).toBeLessThan(ROWS);
    expect(keys.sort((a, b) => a - b)).toEqual(keysTo(ROWS).map(Number));
  });

  test('while Intacct does not answer ends in time, and misses nothing afterwards', async () => {
    const first = await stage.startWorker();
    await first.polled(1);
    stage.simulator.faults.always({ kind: 'hang' });
    createCustomers(3);
    await untilAsked();
    const exit = await first.stop();

    stage.simulator.faults.clear();
    const second = await stage.startWorker();
    await untilAllArrived();
    await second.polledAgain(1);

    expect(exit).toEqual({ code: 0, signal: null });
    expect(await versionsTwice()).toEqual([]);
  });

  test('by SIGTERM while it starts ends in good order', async () => {
    const worker = await stage.spawnWorker();
    await until('its first line', () => worker.log('worker.starting').length > 0);
    await until('its address', () => worker.log('http.listening').length > 0);

    expect(await worker.stop()).toEqual({ code: 0, signal: null });
  });
});

test('two workers on one company share the work and repeat nothing', async () => {
  const workers: WorkerProcess[] = await Promise.all([stage.startWorker(), stage.startWorker()]);
  createCustomers(20);
  await untilAllArrived();
  await workers[0]?.stop();
  createCustomers(20);
  await untilAllArrived();
  await workers[1]?.polledAgain(1);

  expect(await versionsTwice()).toEqual([]);
});

/** Stamped a few seconds ago, so that no test waits for a second to be over and settled. */
function createCustomers(count: number): void {
  for (let index = 0; index < count; index += 1) {
    stage.simulator.company.create('CUSTOMER', { NAME: `New ${index}` }, settled());
  }
}

function settled(): { stampedAtMs: number } {
  return { stampedAtMs: Date.now() - 5_000 };
}

async function untilAllArrived(): Promise<void> {
  const { company } = stage.simulator;
  const lines = company.current('CUSTOMER').map((record) => lineOf(nameOf(record), recordOf(company, record)));
  await until('the present version of every record', async () => {
    const arrived = new Set((await stage.events()).map(lineOfEvent));
    return lines.every((line) => arrived.has(line));
  });
}

/** A request is on its way and stays there. */
async function untilAsked(): Promise<void> {
  await until('a request that hangs', () => stage.simulator.stats.counters.inFlight > 0);
}

async function versionsTwice(): Promise<string[]> {
  return repeated((await stage.events()).map(lineOfEvent));
}

function waiting(): Promise<number> {
  return stage.queue().getWaitingCount();
}

function keysTo(count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(index + 1));
}
