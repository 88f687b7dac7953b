import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionSettings } from './config/settings.js';
import { MAX_PAGE_SIZE } from './core/page-query.js';
import type { Stream } from './core/stream.js';
import { createFieldPlans } from './field-plans.js';
import { createIntacctClient, type RequestInfo } from './intacct/client.js';
import { createHttpTransport } from './intacct/http.js';
import type { ObjectDefinition } from './intacct/query.js';
import { parseStamp } from './intacct/time.js';
import { createSlots } from './slots.js';
import type { TickTools } from './tick-tools.js';

/** Everything that the pollers of one connection share: sessions, clock, field lists, and its share of concurrent requests. */
export interface Company {
  readonly tools: Pick<TickTools, 'intacct' | 'fields' | 'pageSize' | 'withSlot'>;
  close(): void;
}

export interface CompanyOptions {
  readonly onRequest: (info: RequestInfo) => void;
  readonly onDropped: (stream: Stream, fields: readonly string[]) => void;
}

export function createCompany(settings: ConnectionSettings, { onRequest, onDropped }: CompanyOptions): Company {
  const zoneOffsetMinutes = settings.timezoneOffsetMinutes;
  const slots = createSlots(settings.maxConcurrentRequests);
  const client = createIntacctClient({
    credentials: settings,
    endpoint: settings.endpoint,
    http: createHttpTransport(),
    monotonicNow: () => performance.now(),
    randomId: () => randomUUID(),
    timezoneOffsetMinutes: zoneOffsetMinutes,
    onRequest,
    wait: async (ms, signal) => {
      await sleep(ms, undefined, signal === undefined ? {} : { signal });
    },
    random: Math.random,
  });
  const lookup = (location: string | null, object: string, signal: AbortSignal): Promise<ObjectDefinition> =>
    slots.run(() => client.lookup(location, object, signal), signal);

  return {
    tools: {
      pageSize: { rows: MAX_PAGE_SIZE },
      withSlot: (request, signal) => slots.run(request, signal),
      fields: createFieldPlans({ lookup, monotonicNowMs: () => performance.now(), onDropped }),
      intacct: {
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
      },
    },
    close: () => client.close(),
  };
}
