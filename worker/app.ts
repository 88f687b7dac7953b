import { createHash } from 'node:crypto';
import type { Logger } from '../shared/logger.js';
import { connectRedis, describeRedisUrl, type Redis, type RedisRole } from '../shared/redis.js';
import { Closers } from './closers.js';
import { type Company, type CompanyOptions, createCompany } from './company.js';
import { describeSettings } from './config/describe-settings.js';
import type { Settings } from './config/settings.js';
import { locationLabel, type Stream } from './core/stream.js';
import { startHttpServer } from './http/server.js';
import { createMetrics } from './metrics.js';
import { createOutageLog } from './outage-log.js';
import { pollersOf } from './pollers.js';
import { startPolling, WATCH_SCHEDULES_EVERY_MS } from './polling.js';
import { createPressure } from './pressure.js';
import { createProcessor } from './processor.js';
import { createReadiness } from './readiness.js';
import { createScrape } from './scrape.js';
import { createBlocks } from './state/blocks.js';
import { Keys } from './state/keys.js';
import { takeLease } from './state/leases.js';
import { createReplica, type Standing } from './state/replicas.js';
import { RedisStreamStore } from './state/stream-store.js';
import { TargetQueues } from './state/target-queues.js';
import { noticingLoss } from './state-loss.js';
import { adminActions, describeStatus } from './status.js';
import type { Poller, TickTools } from './tick-tools.js';
import { startTracing } from './tracing.js';
import { readVersion } from './version.js';

/** How long a poller of a dead process stays taken. Renewed every third of it. */
const LEASE_MS = 15_000;
/** A tick that has more to do than this lets others go first, and goes on. */
const TICK_BUDGET_MS = 20_000;
const STATE_LOST =
  'Redis has lost data: see whether it persists (append-only file) and evicts nothing (noeviction). The stream goes on from what is left';
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
  const pollers = settings.connections.flatMap(pollersOf);
  const streams = pollers.flatMap((poller) => poller.streams);
  const version = readVersion();
  const metrics = createMetrics({ pollers, version });
  const tracing = await startTracing({ url: settings.tracesUrl, version, logger });
  closers.add('tracing', () => tracing.close());

  const outages = createOutageLog(logger, describeRedisUrl(settings.redisUrl));
  const connect = (role: RedisRole): Redis => {
    const onError = (error: Error) => outages.failed(role, error);
    const redis = connectRedis(settings.redisUrl, { name: `intacct-trigger-${role}`, role, onError });
    redis.on('ready', () => outages.ready(role));
    closers.add(`redis ${role}`, () => redis.disconnect());
    return redis;
  };
  const redis = connect('commands');
  const transactions = connect('transactions');
  const blocking = connect('blocking');

  const queues = new TargetQueues(transactions, prefix, () => tracing.jobMetadata());
  closers.add('target queues', () => queues.close());
  const store = new RedisStreamStore({
    keys,
    redis,
    transactions,
    queues,
    onCommitFailed: (code) => metrics.commitFailed(code),
  });

  const watchedStore = noticingLoss(tracing.commits(store), ({ connection, location, object }, loss) =>
    logger.error({ connection, location: locationLabel(location), object, loss, advice: STATE_LOST }, 'state.lost'),
  );
  const companies = await connectCompanies(
    settings,
    { redis, keys, leaseMs: LEASE_MS, metrics, tracing, logger },
    closers,
  );
  const troubles = createBlocks({ redis, keys });
  const backpressure = createPressure({ redis, prefix, highWater: settings.queueHighWater, logger });
  const toolsOf = ({ connection }: Poller): TickTools => ({
    ...companies.get(connection).tools,
    store: watchedStore,
    troubles,
    backpressure,
    observer: metrics,
    takeLease: (poller) =>
      takeLease(redis, keys.lease(poller.connection, poller.location), {
        holderKey: keys.holder(poller.connection, poller.location),
        leaseMs: LEASE_MS,
        onTakenOver: () => metrics.leaseTakenOver(poller),
        onRenewalError: () => logger.warn(names(poller), 'lease.not_renewed'),
      }),
    monotonicNowMs: () => performance.now(),
  });

  const readiness = createReadiness([redis, transactions, blocking], stop.signal);
  const sources = { streams, companies: companies.all(), store, blocks: troubles };
  let standing: Standing | null = null;
  const { queueHighWater } = settings;
  const blocks = createBlocks({ redis, keys });
  metrics.onScrape(
    createScrape({ ...sources, blocks, redis, prefix, queueHighWater, standing: () => standing }, metrics.state),
  );
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
  // Without Redis there is nobody to tell.
  closers.add('replica', () => (redis.status === 'ready' ? replica.leave() : undefined));
  const process = createProcessor({
    pollers,
    toolsOf,
    tick: { margins: settings.margins, budgetMs: TICK_BUDGET_MS },
    metrics,
    tracing,
    logger,
    now: Date.now,
    monotonicNowMs: () => performance.now(),
    leads: () => standing?.leads ?? false,
    hasOthers: () => (standing?.replicas ?? 1) > 1,
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
          telemetry: tracing.telemetry,
          logger,
          onRevived: (count) => metrics.schedulesRevived(count),
          standing: async () => (standing = await replica.standing()),
        },
        stop.signal,
      ),
    )
    .then((started) => {
      readiness.askForSchedules(() => started.hasSchedules());
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
