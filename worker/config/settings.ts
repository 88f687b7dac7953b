import type { Secret } from '../../shared/secret.js';

/**
 * What the worker runs by: complete, checked and never changed after the start. Every default is filled in, every duration is
 * in milliseconds, every name is one that the rest of the worker can use without looking again.
 */
export interface Settings {
  /** A secret as a whole, because it may hold a password. `describeRedisUrl` gives the part that can be shown. */
  readonly redisUrl: Secret;
  /** BullMQ prefix of every queue and of the worker's own keys; `{name}` keeps all of them in one slot of a Redis Cluster. */
  readonly queuePrefix: string;
  /** The queue of triggers that name none. */
  readonly eventsQueue: string;
  /** Waiting events in a queue above which its streams stop reading; at least 1. */
  readonly queueHighWater: number;
  /** Where metrics, health and status are served; null = nowhere. */
  readonly http: HttpSettings | null;
  /** Bearer token of the calls that change state over HTTP; null = such calls are refused. */
  readonly adminToken: Secret | null;
  readonly logLevel: LogLevel;
  /** Where spans are sent, OTLP over HTTP; null = nowhere. */
  readonly tracesUrl: string | null;
  readonly margins: Margins;
  /** At least one, with distinct names. */
  readonly connections: readonly ConnectionSettings[];
}

export interface HttpSettings {
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
}

/** How far the watermark keeps away from what Intacct may still change behind it. */
export interface Margins {
  /** Milliseconds: a window ends this long before the server's now, so that a second still being written is left alone. */
  readonly settleMs: number;
  /** Milliseconds: a window starts this long before the watermark, to read again what may have become visible late. */
  readonly overlapMs: number;
  /** Milliseconds between two windows that start `sweepBackMs` early. */
  readonly sweepEveryMs: number;
  /** Milliseconds: how far before the watermark a sweep starts. Never less than the overlap. */
  readonly sweepBackMs: number;
}

/** One company, one Web Services user, one sender. */
export interface ConnectionSettings {
  /** Unique; letters, digits, `.`, `_` and `-`: it appears in keys, metrics and events. */
  readonly name: string;
  /** https, or plain http on a loopback host. No user info, query or fragment. */
  readonly endpoint: string;
  readonly senderId: string;
  readonly senderPassword: Secret;
  readonly companyId: string;
  readonly userId: string;
  readonly userPassword: Secret;
  /**
   * The sessions to poll: one at the top level, or one for each Location ID. An ID may hold any printable character (`a&b<c>`,
   * `100:US`): escape it in XML, encode it in keys.
   */
  readonly locations: 'all' | readonly string[];
  /** Requests in flight at once, over all worker processes. At least 1. */
  readonly maxConcurrentRequests: number;
  /** API transactions a month that the worker may use; null = no budget. */
  readonly monthlyTransactions: number | null;
  /** Minutes to add to UTC for the clock in which this company's times are written. */
  readonly timezoneOffsetMinutes: number;
  /** At least one, each of another object. */
  readonly triggers: readonly TriggerSettings[];
}

/** What to watch in a connection. */
export interface TriggerSettings {
  /** As Intacct knows it: upper case for standard objects, as written for custom ones. */
  readonly object: string;
  /** Not empty, no operation twice. */
  readonly on: readonly TriggerOperation[];
  readonly keyField: string;
  readonly modifiedField: string;
  /** The audit time of creation; null = the object has none, and every event is an update. */
  readonly createdField: string | null;
  /** What to read; a list always holds the key and time fields too. */
  readonly fields: 'all' | readonly string[];
  /** Kept in the record, left out of its version. Never the key or modified field. */
  readonly ignoreFields: readonly string[];
  /** Pushed down into the query: field = value, or field in (values). */
  readonly where: Readonly<Record<string, string | readonly string[]>>;
  /** Milliseconds between two polls; at least 1000. */
  readonly everyMs: number;
  /** Where a trigger that has never run starts; without effect afterwards. */
  readonly startFrom: StartFrom;
  /** Not empty, no queue twice. */
  readonly queues: readonly string[];
}

export type TriggerOperation = 'created' | 'updated';

/** A distance back from the first poll, or an instant (epoch milliseconds). */
export type StartFrom = { readonly agoMs: number } | { readonly atMs: number };

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
