import type { FaultKind } from './faults.js';
import type { ParsedQuery } from './query-schema.js';

export interface LoggedFunction {
  readonly name: string;
  readonly controlId: string;
  readonly object: string | null;
  readonly query: ParsedQuery | null;
  outcome: 'success' | 'failure' | 'aborted' | 'unanswered';
  /** Rows answered, for a query that succeeded. */
  rows: number;
}

/** One HTTP request as it was asked and answered. Credentials and session ids are left out. */
export interface LoggedRequest {
  /** The machine's clock. */
  readonly atMs: number;
  /** The company's clock. */
  readonly companyAtMs: number;
  authentication: 'login' | 'session' | null;
  location: string | null;
  controlId: string | null;
  functions: readonly LoggedFunction[];
  faults: readonly FaultKind[];
  status: number;
  failure: 'control' | 'authentication' | null;
  bytes: number;
  durationMs: number;
}

export interface Counters {
  httpRequests: number;
  /** Sign-ins with user and password, refused ones apart. */
  logins: number;
  failedLogins: number;
  /** Sessions opened by getAPISession. */
  sessionsOpened: number;
  /** Reads that Sage would bill: every query page and every lookup, counted per function, not per HTTP request. */
  billed: number;
  /** Functions worked on, by name. */
  functions: Record<string, number>;
  /** Query pages by object. */
  queriesByObject: Record<string, number>;
  rowsSent: number;
  bytesSent: number;
  inFlight: number;
  maxInFlight: number;
  /** Requests that waited for, or were refused by, the limit of concurrent requests. */
  waited: number;
  refusedByLimit: number;
}

const BILLED = new Set(['query', 'lookup', 'readByQuery', 'read', 'readByName', 'inspect']);

function noCounts(): Counters {
  return {
    httpRequests: 0,
    logins: 0,
    failedLogins: 0,
    sessionsOpened: 0,
    billed: 0,
    functions: {},
    queriesByObject: {},
    rowsSent: 0,
    bytesSent: 0,
    inFlight: 0,
    maxInFlight: 0,
    waited: 0,
    refusedByLimit: 0,
  };
}

/** What was asked of the company, for tests to assert and for people to see what a configuration would cost. */
export class Stats {
  counters: Counters = noCounts();
  #log: LoggedRequest[] = [];

  constructor(readonly keptRequests: number) {}

  get log(): readonly LoggedRequest[] {
    return this.#log;
  }

  /** All functions of the kept requests in order. */
  functions(name?: string): LoggedFunction[] {
    const all = this.#log.flatMap((request) => request.functions);
    return name === undefined ? all : all.filter((one) => one.name === name);
  }

  /** The queries of the kept requests in order. */
  queries(object?: string): ParsedQuery[] {
    return this.functions('query').flatMap(({ query }) =>
      query !== null && (object === undefined || query.object === object) ? [query] : [],
    );
  }

  begin(entry: LoggedRequest): void {
    this.counters.httpRequests += 1;
    this.counters.inFlight += 1;
    this.counters.maxInFlight = Math.max(this.counters.maxInFlight, this.counters.inFlight);
    this.#log.push(entry);
    if (this.#log.length > this.keptRequests * 2) this.#log = this.#log.slice(-this.keptRequests);
  }

  end(entry: LoggedRequest): void {
    this.counters.inFlight -= 1;
    this.counters.bytesSent += entry.bytes;
  }

  countFunction(name: string, object: string | null): void {
    const { functions, queriesByObject } = this.counters;
    functions[name] = (functions[name] ?? 0) + 1;
    if (BILLED.has(name)) this.counters.billed += 1;
    if (name === 'query' && object !== null) queriesByObject[object] = (queriesByObject[object] ?? 0) + 1;
  }

  /** Forgets everything but the requests in flight. */
  reset(): void {
    const { inFlight } = this.counters;
    this.counters = { ...noCounts(), inFlight, maxInFlight: inFlight };
    this.#log = [];
  }
}
