import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startRedis } from '../../deploy/setup/redis-server.mjs';
import { connectRedis } from '../../shared/redis.js';
import { Random } from '../simulator/random.js';
import { startSimulator } from '../simulator/simulator.js';
import { Author, type AuthorOptions, ENTITIES } from './author.js';
import { checkCalm } from './calm.js';
import { Collector } from './collector.js';
import { configurationFor, environmentFor } from './configuration.js';
import { Fleet } from './fleet.js';
import { AUDIENCES, MarksWatch } from './marks-watch.js';
import { Receipts } from './receipts.js';
import { TroubleMaker } from './trouble-maker.js';
import type { TroubleName } from './troubles.js';
import { type Count, judge } from './verdict.js';
import { readVitals, type Vitals } from './vitals.js';

export interface SoakOptions extends AuthorOptions {
  readonly seed: number;
  readonly forMs: number;
  readonly replicas: number;
  /** One replica is never ended, and what it uses is measured. */
  readonly survivor: boolean;
  readonly troubles: readonly TroubleName[];
  readonly longestPauseMs: number;
  /** After the last trouble, until everything has to have arrived. */
  readonly patienceMs: number;
  /** Ends the troubles early; everything is counted all the same. */
  readonly stop?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export interface Progress {
  readonly elapsedMs: number;
  readonly phase: 'trouble' | 'waiting for quiet';
  readonly written: number;
  readonly delivered: number;
  readonly behindMs: number;
  readonly troubles: number;
  readonly lastTrouble: TroubleName | null;
  readonly vitals: Vitals | null;
}

export interface SoakReport {
  readonly counts: readonly Count[];
  readonly problems: readonly string[];
  readonly made: ReadonlyMap<TroubleName, number>;
  /** Of the survivor. */
  readonly vitals: readonly Vitals[];
  /** From the last trouble until all had arrived. */
  readonly quietAfterMs: number | null;
  readonly redisKeys: number;
  /** What all replicas wrote, for whoever wants to know why. */
  readonly outputs: readonly string[];
}

const PREFIX = 'soak';
const OLD_RECORDS = 200;
const LOOK_EVERY_MS = 100;
const VITALS_EVERY_MS = 1_000;
const PROGRESS_EVERY_MS = 10_000;

/**
 * Real workers, a real Redis that writes everything down at once, a simulated company whose records never stop changing, and trouble.
 * Then the trouble ends, and what a consumer has got is compared with what the company holds. Starts everything it needs, on
 * loopback, and leaves nothing behind.
 */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const closers: (() => unknown)[] = [];
  try {
    return await run(options, closers);
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

async function run(options: SoakOptions, closers: (() => unknown)[]): Promise<SoakReport> {
  const random = new Random(options.seed);
  const server = await startRedis({ appendonly: 'always' });
  closers.push(() => server.stop());
  const redis = connectRedis(server.url, { name: 'soak', role: 'commands', onError: () => undefined });
  closers.push(() => redis.disconnect());
  // Answers take a moment, so that there is something to break in the middle of.
  const simulator = await startSimulator({ seed: options.seed, entities: ENTITIES, latencyMs: 30 });
  closers.push(() => simulator.stop());
  const author = new Author(simulator.company, new Random(options.seed + 1), options);
  author.fill(OLD_RECORDS);

  const queues = AUDIENCES.map(({ queue }) => queue);
  const receipts = new Receipts(simulator.company, author.versions, queues);
  const collector = new Collector({ redis, prefix: PREFIX, queues, onDelivery: receipts.take });
  const marks = new MarksWatch(redis, PREFIX);
  const folder = mkdtempSync(join(tmpdir(), 'soak-'));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  const configFile = join(folder, 'connections.yaml');
  writeFileSync(configFile, configurationFor(simulator));
  const fleet = new Fleet(environmentFor(simulator, server.url, PREFIX, configFile), random, options.survivor);
  closers.push(() => fleet.close());
  await fleet.start(options.replicas);

  const vitals: Vitals[] = [];
  const maker = new TroubleMaker({ server, redis, prefix: PREFIX, simulator, fleet, random });
  const startedAtMs = performance.now();
  let phase: Progress['phase'] = 'trouble';
  const progress = (): Progress => ({
    elapsedMs: performance.now() - startedAtMs,
    phase,
    written: author.versions.length,
    delivered: collector.count,
    behindMs: Date.now() - marks.lowest('watermarkMs'),
    troubles: [...maker.made.values()].reduce((sum, times) => sum + times, 0),
    lastTrouble: maker.last,
    vitals: vitals.at(-1) ?? null,
  });
  const look = periodically(LOOK_EVERY_MS, async () => {
    await marks.look();
    await collector.take();
  });
  const weigh = periodically(VITALS_EVERY_MS, async () => {
    const now = fleet.survivor === null ? null : readVitals(fleet.survivor.pid);
    if (now !== null) vitals.push(now);
  });
  const tell = periodically(PROGRESS_EVERY_MS, async () => options.onProgress?.(progress()));
  closers.push(() => Promise.all([look.stop(), weigh.stop(), tell.stop()]));

  author.start();
  closers.push(() => author.stop());
  closers.push(() => maker.stop());
  maker.start(options.troubles, options.longestPauseMs);
  await sleep(options.forMs, undefined, options.stop === undefined ? {} : { signal: options.stop }).catch(
    () => undefined,
  );
  await maker.stop();
  author.stop();
  if ((await redis.ping().catch(() => '')) !== 'PONG') await server.restart();

  phase = 'waiting for quiet';
  const quietSinceMs = performance.now();
  const isQuiet = () => marks.lowest('sweptMs') >= author.lastVisibleAtMs;
  while (!isQuiet() && performance.now() - quietSinceMs < options.patienceMs) await sleep(LOOK_EVERY_MS);
  const quietAfterMs = isQuiet() ? performance.now() - quietSinceMs : null;
  if (quietAfterMs === null) receipts.complain('It never became quiet: some stream does not get on');
  await Promise.all([look.stop(), weigh.stop(), tell.stop()]);

  await fleet.stop();
  while ((await collector.take()) > 0);
  await marks.look();
  const counts = judge(receipts, marks);
  const calm = await checkCalm(redis, PREFIX, collector, author);
  return {
    counts,
    problems: [...fleet.problems, ...receipts.problems, ...calm.problems],
    made: maker.made,
    vitals,
    quietAfterMs,
    redisKeys: calm.keys,
    outputs: fleet.outputs.map((output) => output()),
  };
}

/** Again and again, never twice at once. What fails meanwhile is for the next time: Redis may be away. */
function periodically(everyMs: number, work: () => Promise<unknown>): { stop(): Promise<void> } {
  const stop = new AbortController();
  const { signal } = stop;
  const running = (async () => {
    while (!signal.aborted) {
      await work().catch(() => undefined);
      await sleep(everyMs, undefined, { signal }).catch(() => undefined);
    }
  })();
  return {
    stop() {
      stop.abort();
      return running;
    },
  };
}
