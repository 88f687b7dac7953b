import type { Secret } from '../../shared/secret.js';
import { badAnswer } from './bad-answer.js';
import { classify, INVALID_SESSION, type RefusedRequest } from './classify.js';
import { configuredEndpoint, sessionEndpoint } from './endpoint.js';
import { IntacctError, type Settled } from './errors.js';
import { accept, neverArrived } from './exchange.js';
import type { HttpTransport } from './http.js';
import type { ObjectDefinition, Page, Query } from './query.js';
import { buildRequest, type IntacctFunction, type RequestAuthentication } from './request-xml.js';
import type { Authentication, FunctionResult, IntacctResponse } from './response-xml.js';
import { definitionIn, pageIn, sessionIn } from './results.js';
import { withRetries } from './retry.js';
import { ServerClock } from './server-clock.js';
import { type OpenedSession, type Session, type SessionRequest, Sessions } from './sessions.js';
import { parseServerStamp } from './time.js';

export interface Credentials {
  readonly senderId: string;
  readonly senderPassword: Secret;
  readonly companyId: string;
  readonly userId: string;
  readonly userPassword: Secret;
}

/** One HTTP exchange, told once it is over; a retry is an exchange of its own. */
export interface RequestInfo {
  /** `ok`, or the code of the error that ended the exchange. A refused function within an accepted request is still `ok`. */
  readonly outcome: string;
  readonly durationMs: number;
  /** How many functions of each name were sent: what Sage bills. Whether it bills a failed request is undocumented. */
  readonly functions: Readonly<Record<string, number>>;
}

/** Who a session belongs to, for people: never the session id. */
export interface SignedIn {
  readonly companyId: string | null;
  readonly userId: string | null;
  readonly location: string | null;
  /** Origin and path. */
  readonly endpoint: string;
}

export interface IntacctClientOptions {
  readonly credentials: Credentials;
  readonly endpoint: string;
  readonly http: HttpTransport;
  readonly monotonicNow: () => number;
  /** Unique text of the characters that XML allows, 256 at most. */
  readonly randomId: () => string;
  /** Minutes east of UTC of stamps without a zone. */
  readonly timezoneOffsetMinutes: number;
  readonly onRequest?: (info: RequestInfo) => void;
  readonly wait: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
}

export interface IntacctClient {
  /**
   * One HTTP request; the results are in the order of the queries.
   * @throws {IntacctError} when the request failed as a whole; the reason of the signal when it was aborted; TypeError for a
   * query that cannot be asked.
   */
  query(location: string | null, queries: readonly Query[], signal?: AbortSignal): Promise<readonly Settled<Page>[]>;
  /** Sage ignores permissions here: to learn whether an object may be read, query a row of it. @throws as `query` does. */
  lookup(location: string | null, object: string, signal?: AbortSignal): Promise<ObjectDefinition>;
  /** Opens the session of a location, unless it is open. @throws as `query` does. */
  signIn(location: string | null, signal?: AbortSignal): Promise<SignedIn>;
  /** Never ahead of the server's clock; undefined until an answer told it. */
  serverNowMs(): number | undefined;
  /** Forgets all sessions and a remembered refusal: for an operator's resume. */
  reset(): void;
  close(): void;
}

const ATTEMPTS = 3;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 10_000;

/**
 * Talks to one company as one user. Reads only, so that a request may be sent again at any time; the one exception is a sign-in
 * whose answer was lost: it is left to the caller, because each refused one brings the user nearer to being locked out.
 */
export function createIntacctClient(options: IntacctClientOptions): IntacctClient {
  return new Client(options);
}

class Client implements IntacctClient {
  readonly #options: IntacctClientOptions;
  readonly #endpoint: URL;
  readonly #clock: ServerClock;
  readonly #sessions: Sessions;

  constructor(options: IntacctClientOptions) {
    this.#options = options;
    this.#endpoint = configuredEndpoint(options.endpoint);
    this.#clock = new ServerClock(options.monotonicNow);
    this.#sessions = new Sessions({
      monotonicNow: options.monotonicNow,
      open: (request, number, signal) => this.#openSession(request, number, signal),
    });
  }

  async query(
    location: string | null,
    queries: readonly Query[],
    signal?: AbortSignal,
  ): Promise<readonly Settled<Page>[]> {
    if (queries.length === 0) return [];
    const calls = queries.map((query) => ({ name: 'query', query }) as const);
    const { results } = await this.#inSession(location, calls, signal);
    return results.map((result, index) => {
      const query = queries[index];
      return this.#settle(result, location, { object: query?.object, askedFields: query?.select }, () =>
        pageIn(result),
      );
    });
  }

  async lookup(location: string | null, object: string, signal?: AbortSignal): Promise<ObjectDefinition> {
    const result = firstResult(await this.#inSession(location, [{ name: 'lookup', object }], signal));
    const settled = this.#settle(result, location, { object }, () => definitionIn(result, object));
    if (!settled.ok) throw settled.error;
    return settled.value;
  }

  async signIn(location: string | null, signal?: AbortSignal): Promise<SignedIn> {
    const { companyId, userId, endpoint } = await this.#sessions.get(location, signal);
    return { companyId, userId, location, endpoint: endpoint.origin + endpoint.pathname };
  }

  serverNowMs(): number | undefined {
    return this.#clock.nowMs();
  }

  reset(): void {
    this.#sessions.reset();
  }

  close(): void {
    this.#sessions.close();
    this.#options.http.close();
  }

  /** A session that Sage calls invalid is replaced once; a new one that is invalid as well is trouble to wait out. */
  async #inSession(
    location: string | null,
    calls: readonly IntacctFunction[],
    signal?: AbortSignal,
  ): Promise<IntacctResponse> {
    for (let tries = 0; tries < 2; tries++) {
      const session = await this.#sessions.get(location, signal);
      try {
        const response = await this.#sendWithRetries(session, calls, signal);
        if (!this.#everyResultLostItsSession(response, location)) return response;
      } catch (error) {
        if (!(error instanceof IntacctError)) throw error;
        if (error.action === 'blockConnection') this.#sessions.refuse(error);
        if (error.code !== INVALID_SESSION) throw error;
      }
      this.#sessions.drop(session);
    }
    throw sessionLost();
  }

  #everyResultLostItsSession(response: IntacctResponse, location: string | null): boolean {
    return response.results.every((result) => {
      const settled = this.#settle(result, location, {}, () => undefined);
      return !settled.ok && settled.error.code === INVALID_SESSION;
    });
  }

  async #sendWithRetries(
    session: Session,
    calls: readonly IntacctFunction[],
    signal?: AbortSignal,
  ): Promise<IntacctResponse> {
    const { wait, random } = this.#options;
    const response = await withRetries(
      () =>
        this.#exchange(
          {
            url: session.endpoint,
            authentication: { sessionId: session.id },
            location: session.location,
            sessionNumber: session.number,
            secrets: [session.id],
            calls,
          },
          signal,
        ),
      {
        attempts: ATTEMPTS,
        firstDelayMs: FIRST_DELAY_MS,
        longestDelayMs: LONGEST_DELAY_MS,
        wait,
        random,
        // A page that was too much will be too much again: the caller asks for a smaller one.
        worthRetrying: (error) => error.action === 'retry' && error.level !== 'function' && !error.smallerPage,
      },
      signal,
    );
    this.#sessions.renew(session, this.#remaining(response.authentication));
    return response;
  }

  async #openSession(request: SessionRequest, number: number, signal: AbortSignal): Promise<OpenedSession> {
    const { credentials, wait, random } = this.#options;
    const { location } = request;
    const login = request.by === 'login';
    const response = await withRetries(
      () =>
        this.#exchange(
          {
            url: login ? this.#endpoint : request.from.endpoint,
            authentication: login
              ? {
                  login: {
                    userId: credentials.userId,
                    companyId: credentials.companyId,
                    userPassword: credentials.userPassword,
                    locationId: location,
                  },
                }
              : { sessionId: request.from.id },
            location,
            sessionNumber: login ? number : request.from.number,
            secrets: login ? [] : [request.from.id],
            calls: [login ? { name: 'getAPISession' } : { name: 'getAPISession', locationId: location }],
          },
          signal,
        ),
      {
        attempts: ATTEMPTS,
        firstDelayMs: FIRST_DELAY_MS,
        longestDelayMs: LONGEST_DELAY_MS,
        wait,
        random,
        worthRetrying: (error) =>
          error.action === 'retry' && (login ? neverArrived(error) : error.level !== 'function'),
      },
      signal,
    );
    const { authentication } = response;
    const result = firstResult(response);
    const settled = this.#settle(result, location, { functionName: 'getAPISession' }, () => sessionIn(result));
    if (!settled.ok) throw settled.error;
    const session: Session = {
      number,
      location,
      id: settled.value.sessionId,
      endpoint: sessionEndpoint(settled.value.endpoint, this.#endpoint),
      companyId: authentication?.companyId ?? null,
      userId: authentication?.userId ?? null,
    };
    return { session, remainingMs: this.#remaining(authentication) };
  }

  /** One POST and what it means; tells `onRequest` and the clock. */
  async #exchange(request: ExchangeRequest, signal?: AbortSignal): Promise<IntacctResponse> {
    const { credentials, http, monotonicNow, randomId, timezoneOffsetMinutes } = this.#options;
    const functions = request.calls.map((call) => ({ controlId: randomId(), call }));
    const body = buildRequest({
      sender: credentials,
      controlId: randomId(),
      authentication: request.authentication,
      functions,
      zoneOffsetMinutes: timezoneOffsetMinutes,
    });
    const sentAtMs = monotonicNow();
    let outcome = 'aborted';
    try {
      const answer = await http.post(request.url, body, signal);
      const receivedAtMs = monotonicNow();
      const response = accept(answer, {
        functionControlIds: functions.map(({ controlId }) => controlId),
        request: this.#described(request.location, {
          functionName: request.calls[0]?.name,
          object: request.calls.map(objectOf).join(', '),
        }),
        secrets: this.#secrets(request.secrets),
      });
      outcome = 'ok';
      this.#clock.observe({
        sentAtMs,
        receivedAtMs,
        session: request.sessionNumber,
        stampMs: stampOf(response.authentication?.sessionTimestamp),
        httpDateMs: answer.serverDateMs,
      });
      return response;
    } catch (error) {
      if (error instanceof IntacctError) outcome = error.code;
      throw error;
    } finally {
      this.#options.onRequest?.({
        outcome,
        durationMs: monotonicNow() - sentAtMs,
        functions: countNames(request.calls),
      });
    }
  }

  #settle<T>(
    result: FunctionResult,
    location: string | null,
    about: Partial<RefusedRequest>,
    read: () => T,
  ): Settled<T> {
    try {
      if (result.status === 'success') return { ok: true, value: read() };
    } catch (error) {
      if (error instanceof IntacctError) return { ok: false, error };
      throw error;
    }
    const refusal = { level: 'function', errors: result.errors, status: result.status } as const;
    return { ok: false, error: classify(refusal, this.#described(location, about), this.#secrets([])) };
  }

  #described(location: string | null, about: Partial<RefusedRequest>): RefusedRequest {
    const { senderId, companyId, userId } = this.#options.credentials;
    return { senderId, companyId, userId, location, ...about };
  }

  #secrets(more: readonly Secret[]): readonly string[] {
    const { senderPassword, userPassword } = this.#options.credentials;
    return [senderPassword, userPassword, ...more].map((secret) => secret.reveal());
  }

  /** A stamp in the past says nothing useful: then the session is kept until Sage calls it invalid. */
  #remaining(authentication: Authentication | undefined): number | undefined {
    const endMs = stampOf(authentication?.sessionTimeout);
    const nowMs = this.#clock.nowMs() ?? stampOf(authentication?.sessionTimestamp);
    return endMs === undefined || nowMs === undefined || endMs <= nowMs ? undefined : endMs - nowMs;
  }
}

interface ExchangeRequest {
  readonly url: URL;
  readonly authentication: RequestAuthentication;
  readonly location: string | null;
  readonly sessionNumber: number;
  readonly secrets: readonly Secret[];
  readonly calls: readonly IntacctFunction[];
}

function firstResult(response: IntacctResponse): FunctionResult {
  const result = response.results[0];
  if (result === undefined) throw badAnswer('UNEXPECTED_ANSWER');
  return result;
}

function sessionLost(): IntacctError {
  return new IntacctError('Sage Intacct calls a new session invalid', {
    code: 'SESSION_LOST',
    action: 'retry',
    level: 'authentication',
    advice: 'Nothing to do if it passes; if it stays, see whether something else signs this Web Services user out.',
  });
}

function stampOf(text: string | null | undefined): number | undefined {
  return text ? parseServerStamp(text) : undefined;
}

function objectOf(call: IntacctFunction): string {
  if (call.name === 'query') return call.query.object;
  return call.name === 'lookup' ? call.object : call.name;
}

function countNames(calls: readonly IntacctFunction[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { name } of calls) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
