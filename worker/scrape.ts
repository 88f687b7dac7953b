import { REJECTED_QUEUE } from '../shared/queues.js';
import type { Redis } from '../shared/redis.js';
import type { Company } from './company.js';
import type { Stream } from './core/stream.js';
import { createSampler } from './metrics/sampler.js';
import type { StateGauges, StreamSample } from './metrics/state.js';
import type { Blocks } from './state/blocks.js';
import { countQueues } from './state/queue-counts.js';
import { createBackpressure, createMemoryWatch } from './state/queue-depth.js';
import { readRedisHealth } from './state/redis-health.js';
import type { Standing } from './state/replicas.js';
import { CorruptStateError } from './state/stream-state.js';
import type { StreamStore } from './tick-tools.js';

export interface ScrapeSources {
  readonly redis: Redis;
  readonly prefix: string;
  readonly queueHighWater: number;
  readonly streams: readonly Stream[];
  readonly companies: readonly Company[];
  readonly store: Pick<StreamStore, 'load'>;
  /** Not the one that ticks use: it remembers what it saw last. */
  readonly blocks: Pick<Blocks, 'load'>;
  /** Null before this process has joined the others. */
  standing(): Standing | null;
}

/**
 * What a scrape reads: the state in Redis, so that every replica tells the same, and one that has just started tells all of it. Each
 * part by itself: what cannot be read keeps its last value, and does not hide the rest.
 */
export function createScrape(sources: ScrapeSources, gauges: StateGauges): () => Promise<void> {
  const { redis, prefix, streams, companies } = sources;
  const depth = createBackpressure({ redis, prefix, highWater: sources.queueHighWater });
  const memory = createMemoryWatch({ redis, monotonicNowMs: () => performance.now() });
  const queues = [...new Set([...streams.flatMap((stream) => stream.queues), REJECTED_QUEUE])];
  const companyOf = new Map(companies.map((company) => [company.settings.name, company]));

  const isFull = async (): Promise<(stream: Stream) => boolean> => {
    if ((await memory()).high) return () => true;
    const sets = new Map(streams.map((stream) => [stream.queues.join(' '), stream.queues]));
    const full = new Map<string, boolean>();
    for (const [id, names] of sets) full.set(id, (await depth.isFull(names)).full);
    return (stream) => full.get(stream.queues.join(' ')) === true;
  };
  /** Whether what is kept of the stream can be read at all. */
  const lookAtProgress = async (stream: Stream): Promise<boolean> => {
    try {
      const { state } = await sources.store.load(stream);
      if (state !== null) gauges.progress(stream, state.marks.watermarkMs, state.scan !== null);
      return true;
    } catch (error) {
      if (error instanceof CorruptStateError) return false;
      throw error;
    }
  };
  const parts: readonly (() => Promise<void>)[] = [
    async () => {
      const [troubles, readable, full] = await Promise.all([
        sources.blocks.load(streams),
        Promise.all(streams.map(lookAtProgress)),
        isFull(),
      ]);
      gauges.streams(
        streams.map((stream, index): StreamSample => {
          const trouble = troubles[index];
          if (trouble?.paused) return { stream, state: 'paused', blockedCode: null };
          if (trouble?.blocked) return { stream, state: 'blocked', blockedCode: trouble.blocked.code };
          if (readable[index] === false) return { stream, state: 'blocked', blockedCode: 'STATE_CORRUPT' };
          return { stream, state: full(stream) ? 'backpressure' : 'active', blockedCode: null };
        }),
      );
    },
    async () => gauges.connections(await Promise.all(companies.map(lookAtConnection))),
    ...companies.map(
      ({ settings, budget }) =>
        async () =>
          gauges.month(settings.name, await budget.look()),
    ),
    async () => gauges.queues(await countQueues(redis, prefix, queues)),
    async () => gauges.redis(await readRedisHealth(redis)),
  ];

  const sample = createSampler({
    async look() {
      await Promise.allSettled(parts.map((part) => part()));
    },
    onLate: () => gauges.redisIsDown(),
  });
  return async () => {
    // A command would be kept until Redis is back, and the scrape with it.
    if (redis.status === 'ready') await sample();
    else gauges.redisIsDown();
    gauges.lags((connection) => companyOf.get(connection)?.tools.intacct.serverNowMs() ?? Date.now());
    const standing = sources.standing();
    if (standing !== null) gauges.replicas(standing.replicas, standing.disagreeing);
  };
}

async function lookAtConnection({ settings, gate }: Company) {
  const { blocked, pausedUntilMs, inFlight, waiting } = await gate.state();
  return {
    connection: settings.name,
    state: blocked !== null ? 'blocked' : pausedUntilMs !== null ? 'paused' : 'active',
    blockedCode: blocked?.code ?? null,
    inFlight,
    waiting,
    limit: settings.maxConcurrentRequests,
  } as const;
}
