import { createHash } from 'node:crypto';
import type { Logger } from '../shared/logger.js';
import { connectRedis, type Redis, type RedisRole } from '../shared/redis.js';
import { Closers } from './closers.js';
import { type Company, type CompanyOptions, createCompany } from './company.js';
import { describeSettings } from './config/describe-settings.js';
import type { Settings } from './config/settings.js';
import { locationLabel, type Stream } from './core/stream.js';
import { startHttpServer } from './http/server.js';
import { createMetrics, type Metrics } from './metrics.js';
import { outageLog } from './outage-log.js';
import { pollersOf } from './pollers.js';
import { startPolling, WATCH_SCHEDULES_EVERY_MS } from './polling.js';
import { createPressure } from './pressure.js';
import { createProcessor } from './processor.js';
import { createReadiness } from './readiness.js';
import { createBlocks } from './state/blocks.js';
import { Keys } from './state/keys.js';
import { takeLease } from './state/leases.js';
import { createReplica, type Standing } from './state/replicas.js';
import { RedisStreamStore } from './state/stream-store.js';
import { TargetQueues } from './state/target-queues.js';
import { adminActions, describeStatus } from './status.js';
import type { Poller, TickTools } from './tick-tools.js';

/** How long a poller of a dead process stays taken. Renewed every third of it. */
const LEASE_MS = 15_000;
/** A tick that has more to do than this lets others go first, and goes on. */
const TICK_BUDGET_MS = 20_000;
/** How long shutting down may take before what is left is abandoned. Commits are atomic, so that nothing is lost by it. */
const STOP_WITHIN_MS = 8_000;

export interface App {
  /** Null where HTTP is turned off. */
  readonly httpUrl: string | null;
  /** Takes no more ticks, ends the running ones at their next commit, closes in reverse order. Idempotent, under 10 s. */
  stop(): Promise<void>;
}

/** The only place that constructs. Everything it makes is undone by `stop`, last made first, also when the start fails half-way. */
export async function startApp(settings: Settings, logger: Logger): Promise<App> {
  const closers = new Closers();
  try {
    return await construct(settings, logger, closers);
  } catch (error) {
    await closers.closeAll(() => undefined);
    throw error;
  }
}

async function construct(settings: Settings, logger: Logger, closers: Closers): Promise<App> {
  const stop = new AbortController();
  const prefix = settings.queuePrefix;
  const keys = new Keys(prefix);
  const metrics = createMetrics();

  const connect = (role: RedisRole): Redis => {
    const onError = outageLog(logger, role);
    const redis = connectRedis(settings.redisUrl, { name: `intacct-trigger-${role}`, role, onError });
    redis.on('ready', () => onError(null));
    closers.add(`redis ${role}`, () => redis.disconnect());
    return redis;
  };
  const redis = connect('commands');
  const transactions = connect('transactions');
  const blocking = connect('blocking');

  const queues = new TargetQueues(transactions, prefix);
  closers.add('target queues', () => queues.close());
  const store = new RedisStreamStore({ keys, redis, transactions, queues });

  const pollers = settings.connections.flatMap(pollersOf);
  const streams = pollers.flatMap((poller) => poller.streams);
  const companies = await connectCompanies(settings, { redis, keys, metrics, logger }, closers);
  const troubles = createBlocks({ redis, keys });
  const backpressure = createPressure({ redis, prefix, highWater: settings.queueHighWater, logger });
  const toolsOf = ({ connection }: Poller): TickTools => ({
    ...companies.get(connection).tools,
    store,
    troubles,
    backpressure,
    observer: metrics,
    takeLease: (poller) =>
      takeLease(redis, keys.lease(poller.connection, poller.location), {
        leaseMs: LEASE_MS,
        onRenewalError: () => logger.warn(names(poller), 'lease.not_renewed'),
      }),
    monotonicNowMs: () => performance.now(),
  });
  metrics.onScrape(() => readWatermarks(metrics, store, streams, (name) => companies.get(name)));

  const readiness = createReadiness([redis, transactions, blocking], stop.signal);
  const sources = { streams, companies: companies.all(), store, blocks: troubles };
  let httpUrl: string | null = null;
  if (settings.http !== null) {
    const server = await startHttpServer({
      ...settings.http,
      readiness: () => readiness.look(),
      metrics: async () => ({ contentType: metrics.contentType, text: await metrics.render() }),
      status: () => describeStatus(sources),
      adminToken: settings.adminToken,
      admin: adminActions(sources),
    });
    httpUrl = server.url;
    closers.add('http', () => server.close());
    logger.info({ url: server.url }, 'http.listening');
  }

  const replica = createReplica({
    redis,
    keys,
    configFingerprint: fingerprintOf(settings),
    beatMs: WATCH_SCHEDULES_EVERY_MS,
  });
  closers.add('replica', () => replica.leave());
  let standing: Standing = { leads: false, disagreeing: 0, replicas: 1 };
  const process = createProcessor({
    pollers,
    toolsOf,
    tick: { margins: settings.margins, budgetMs: TICK_BUDGET_MS },
    metrics,
    logger,
    now: Date.now,
    monotonicNowMs: () => performance.now(),
    leads: () => standing.leads,
    forget: ({ stream }) => store.forget(streams.filter((other) => sharesLedger(stream, other))),
  });
  const polling = readiness
    .whenRedisIsReady()
    .then(() =>
      startPolling(
        {
          redis,
          blocking,
          prefix,
          pollers,
          process: (job, token) => process(job, token, stop.signal),
          logger,
          onRevived: (count) => metrics.schedulesRevived(count),
          async standing() {
            standing = await replica.standing();
            return standing;
          },
        },
        stop.signal,
      ),
    )
    .then((started) => {
      readiness.schedulesAreInPlace();
      logger.info({ pollers: pollers.length, streams: streams.length }, 'polling.started');
      return started;
    });
  // Fails only when the worker is stopped before it has begun.
  polling.catch(() => undefined);
  closers.add('polling', async () => (await polling.catch(() => null))?.close());

  let stopping: Promise<void> | null = null;
  return {
    httpUrl,
    stop() {
      stopping ??= stopWithin(closers, stop, logger);
      return stopping;
    },
  };
}

/** One gateway per connection, by its name. */
async function connectCompanies(settings: Settings, options: CompanyOptions, closers: Closers) {
  const companies = new Map<string, Company>();
  for (const connection of settings.connections) {
    const company = await createCompany(connection, options);
    companies.set(connection.name, company);
    closers.add(`connection ${connection.name}`, () => company.close());
  }
  return {
    all: () => [...companies.values()],
    get(name: string): Company {
      const company = companies.get(name);
      if (company === undefined) throw new TypeError(`There is no connection ${name}`);
      return company;
    },
  };
}

async function stopWithin(closers: Closers, stop: AbortController, logger: Logger): Promise<void> {
  stop.abort();
  const closed = closers.closeAll((name, error) => logger.warn({ name, err: error }, 'close.failed'));
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, STOP_WITHIN_MS, 'late');
  });
  if ((await Promise.race([closed, tooLate])) === 'late') logger.warn('stop.abandoned');
  clearTimeout(timer);
}

async function readWatermarks(
  metrics: Metrics,
  store: RedisStreamStore,
  streams: readonly Stream[],
  companyOf: (connection: string) => Company,
): Promise<void> {
  await Promise.all(
    streams.map(async (stream) => {
      const { state } = await store.load(stream);
      const nowMs = companyOf(stream.connection).tools.intacct.serverNowMs();
      if (state !== null) metrics.watermark(stream, state.marks.watermarkMs, nowMs);
    }),
  );
}

function sharesLedger(one: Stream, other: Stream): boolean {
  return one.connection === other.connection && one.object === other.object;
}

function names({ connection, location }: Poller): { connection: string; location: string } {
  return { connection, location: locationLabel(location) };
}

/** The same in every process with the same connections; secrets are in it as set or unset only. */
function fingerprintOf(settings: Settings): string {
  const { connections } = describeSettings(settings);
  return createHash('sha256').update(JSON.stringify(connections)).digest('hex').slice(0, 16);
}
