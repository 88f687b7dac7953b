import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../shared/logger.js';
import type { Redis } from '../shared/redis.js';
import { billedFunctions, createBudgetWatch } from './budget-watch.js';
import type { ConnectionSettings } from './config/settings.js';
import { MAX_PAGE_SIZE } from './core/page-query.js';
import { createFieldPlans, DEFINITION_LIVES_MS } from './field-plans.js';
import { createIntacctClient, type IntacctClient } from './intacct/client.js';
import { createHttpTransport } from './intacct/http.js';
import { parseStamp } from './intacct/time.js';
import type { Metrics } from './metrics.js';
import { createDefinitions } from './state/definitions.js';
import { credentialsFingerprint } from './state/fingerprint.js';
import { createGate, type Gate } from './state/gate.js';
import type { Keys } from './state/keys.js';
import { createUsage } from './state/usage.js';
import type { Intacct, TickTools } from './tick-tools.js';
import type { Tracing } from './tracing.js';

/** Everything that the pollers of one connection share: sessions, clock, field lists, requests in flight, the month's budget. */
export interface Company {
  readonly settings: ConnectionSettings;
  readonly tools: Pick<TickTools, 'intacct' | 'fields' | 'pageSize' | 'withSlot' | 'stretch'>;
  readonly gate: Gate;
  readonly budget: ReturnType<typeof createBudgetWatch>;
  close(): Promise<void>;
}

export interface CompanyOptions {
  readonly redis: Redis;
  readonly keys: Keys;
  /** How long what a dead process held stays taken, milliseconds. */
  readonly leaseMs: number;
  readonly metrics: Metrics;
  readonly tracing: Pick<Tracing, 'request'>;
  readonly logger: Logger;
}

export async function createCompany(settings: ConnectionSettings, options: CompanyOptions): Promise<Company> {
  const { redis, keys, metrics, tracing } = options;
  const connection = settings.name;
  const logger = options.logger.child({ connection });

  const usage = createUsage({ redis, keys, connection, now: Date.now });
  const budget = createBudgetWatch(settings, usage, logger);
  const client = createIntacctClient({
    credentials: settings,
    endpoint: settings.endpoint,
    http: createHttpTransport(),
    monotonicNow: () => performance.now(),
    randomId: () => randomUUID(),
    timezoneOffsetMinutes: settings.timezoneOffsetMinutes,
    onRequest(info) {
      metrics.request(connection, info);
      tracing.request(connection, info);
      usage.count(billedFunctions(info.functions));
    },
    wait,
    random: Math.random,
  });
  const gate = createGate({
    redis,
    keys,
    connection,
    limit: settings.maxConcurrentRequests,
    fingerprint: await credentialsFingerprint(settings),
    slotMs: options.leaseMs,
    wait,
    onResumed: () => client.reset(),
    onTrouble: () => logger.warn('gate.not_updated'),
  });

  return {
    settings,
    gate,
    budget,
    tools: {
      intacct: intacctOf(client, settings.timezoneOffsetMinutes),
      pageSize: { rows: MAX_PAGE_SIZE },
      withSlot: (request, signal) => gate.run(request, signal),
      stretch: () => budget.stretch(),
      fields: createFieldPlans({
        lookup: (location, object, signal) => gate.run((inSlot) => client.lookup(location, object, inSlot), signal),
        definitions: createDefinitions({ redis, keys, connection, liveMs: DEFINITION_LIVES_MS }),
        monotonicNowMs: () => performance.now(),
        onDropped: ({ object }, fields) => logger.warn({ object, fields }, 'fields.refused_by_intacct'),
      }),
    },
    async close() {
      client.close();
      await usage.close();
    },
  };
}

function intacctOf(client: IntacctClient, zoneOffsetMinutes: number): Intacct {
  return {
    signIn: (location, signal) => client.signIn(location, signal),
    query: (location, queries, signal) => client.query(location, queries, signal),
    // Every answer so far came without a clock, not even a Date header: our own is what is left.
    serverNowMs: () => client.serverNowMs() ?? Date.now(),
    parseInstant(text) {
      if (text === null) return null;
      const stamp = parseStamp(text.trim(), zoneOffsetMinutes);
      if (stamp === undefined) return undefined;
      return stamp.kind === 'unknown' ? null : stamp.atMs;
    },
  };
}

async function wait(ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(ms, undefined, signal === undefined ? {} : { signal });
}
