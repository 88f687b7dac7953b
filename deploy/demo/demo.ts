import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { consumeEvents } from '../../shared/index.js';
import { fillSampleCompany, startChanges } from '../../test/simulator/sample-company.js';
import { type Simulator, startSimulator } from '../../test/simulator/simulator.js';
import { freePort, startRedis } from '../setup/redis-server.mjs';
import type { Screen } from './screen.js';
import { type Balance, Tally } from './tally.js';
import { startWorkerChild, type WorkerChild } from './worker-child.js';
import { readNumbers } from './worker-metrics.js';

const OBJECTS = 'CUSTOMER,VENDOR,APBILL,ARINVOICE';
const CHANGES_PER_SECOND = 3;
const SUMMARY_EVERY_MS = 5_000;
/** A change is settled after a second, read within another and printed at once: this is ample. */
const LAST_ARRIVALS_WITHIN_MS = 8_000;

export interface DemoOptions {
  readonly screen: Screen;
  /** Ends by itself after so long; null = never. */
  readonly runForMs: number | null;
  /** Ends it in good order. */
  readonly stop: AbortSignal;
  /** Ends it without waiting for the last changes. */
  readonly hurry: AbortSignal;
}

/** Runs until told to stop, or its time is over. Resolves whether all went well; rejects when something failed; leaves nothing behind either way. */
export async function runDemo({ screen, runForMs, stop, hurry }: DemoOptions): Promise<boolean> {
  const closers: (() => unknown)[] = [];
  const closeAll = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const folder = mkdtempSync(join(tmpdir(), 'intacct-demo-'));
    const log = { file: join(folder, 'worker.log'), keep: false };
    closers.push(() => {
      if (!log.keep) rmSync(folder, { recursive: true, force: true });
    });

    const redis = await startRedis();
    closers.push(() => redis.stop());
    const simulator = await startSimulator();
    closers.push(() => simulator.stop());
    fillSampleCompany(simulator.company);

    const tally = new Tally();
    const stopChanges = startChanges(simulator, {
      perSecond: CHANGES_PER_SECOND,
      onChange: ({ record }) => tally.changed(record, Date.now()),
    });
    closers.push(stopChanges);

    const consumer = consumeEvents({
      redisUrl: redis.url,
      handler: async (event) => {
        const nowMs = Date.now();
        const changedAtMs = tally.arrived(event) ?? Date.parse(event.time);
        screen.event(event, nowMs, nowMs - changedAtMs);
      },
    });
    closers.push(() => consumer.close());

    const port = await freePort();
    const worker = startWorkerChild(environmentOf(simulator, redis.url, port), log.file);
    closers.push(() => worker.stop());
    try {
      sayWhatRuns(screen, worker.url);
      await Promise.race([worker.ready(), aborted(stop)]);
      const summaries = setInterval(() => void summarise(screen, tally, simulator, worker), SUMMARY_EVERY_MS);
      closers.push(() => clearInterval(summaries));
      await Promise.race([
        worker.failed,
        aborted(stop),
        ...(runForMs === null ? [] : [sleep(runForMs, undefined, { ref: false })]),
      ]);

      stopChanges();
      clearInterval(summaries);
      screen.line();
      screen.line('Stopping: nothing changes any more, the last changes are on their way ...');
      await Promise.race([worker.failed, lastArrivals(tally, simulator, hurry)]);
      await worker.stop();
    } catch (error) {
      log.keep = true;
      screen.trouble(`The worker's log: ${log.file}`);
      throw error;
    }
    // What the worker has enqueued the consumer may still be printing.
    await consumer.close();
    const balance = tally.balance(simulator.company);
    await closeAll();
    sayBalance(screen, balance);
    return balance.twice === 0 && (balance.missing === 0 || hurry.aborted);
  } finally {
    await closeAll();
  }
}

function environmentOf({ url, credentials }: Simulator, redisUrl: string, port: number): Record<string, string> {
  return {
    REDIS_URL: redisUrl,
    INTACCT_ENDPOINT: url,
    INTACCT_SENDER_ID: credentials.senderId,
    INTACCT_SENDER_PASSWORD: credentials.senderPassword,
    INTACCT_COMPANY_ID: credentials.companyId,
    INTACCT_USER_ID: credentials.userId,
    INTACCT_USER_PASSWORD: credentials.userPassword,
    INTACCT_OBJECTS: OBJECTS,
    // For impatient eyes. In production: minutes, and half a minute to settle.
    POLL_EVERY: '1s',
    SETTLE: '1s',
    OVERLAP: '30s',
    HTTP_PORT: String(port),
  };
}

async function summarise(screen: Screen, tally: Tally, { company }: Simulator, { url }: WorkerChild): Promise<void> {
  const numbers = await readNumbers(url);
  if (numbers === null) return;
  const { events } = tally.balance(company);
  const { duplicates, requests, transactions, lagSeconds, failedPolls } = numbers;
  const parts = [
    `${events} events`,
    `${duplicates} re-reads suppressed`,
    `${requests} requests (${transactions} billed)`,
    ...(lagSeconds === null ? [] : [`${lagSeconds.toFixed(0)} s behind`]),
    ...(failedPolls === 0 ? [] : [`${failedPolls} polls failed`]),
  ];
  screen.summary(parts.join(', '));
}

/** Until the consumer has the present version of every record, or somebody is in a hurry, or it takes too long. */
async function lastArrivals(tally: Tally, { company }: Simulator, hurry: AbortSignal): Promise<void> {
  const deadline = performance.now() + LAST_ARRIVALS_WITHIN_MS;
  while (tally.balance(company).missing > 0 && !hurry.aborted && performance.now() < deadline) await sleep(50);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function sayWhatRuns(screen: Screen, workerUrl: string): void {
  screen.title('Sage Intacct trigger worker: demo');
  screen.line();
  screen.line(`  A simulated Intacct company of three entities, with ${CHANGES_PER_SECOND} changes a second.`);
  screen.line('  The worker polls it every second and puts one event per change in a queue.');
  screen.line('  A consumer takes the events from the queue: each line below is one.');
  screen.line();
  screen.line(`  Metrics  ${workerUrl}/metrics`);
  screen.line(`  Status   ${workerUrl}/status`);
  screen.line('  Stop     Ctrl-C');
  screen.line();
  screen.columnTitles();
}

function sayBalance(screen: Screen, balance: Balance): void {
  const { changes, events, missing, twice } = balance;
  screen.line();
  screen.title(`${changes} changes in the company, ${events} events, ${missing} lost, ${twice} twice`);
  const merged = changes - events;
  if (missing === 0 && twice === 0 && merged > 0) {
    screen.line(`  ${merged} changed again before they could be read: one event tells the newest version.`);
  }
  screen.line('  (every changed record compared with what the consumer got of it)');
  screen.line();
  screen.line('  Next:');
  screen.line('    README.md                consumers of your own, settings, guarantees');
  screen.line('    npm run simulator        the company alone, to point a worker at');
  screen.line('    npm start                the worker, for a real company: see .env.example');
}
