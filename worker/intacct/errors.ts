/**
 * What can go wrong between the worker and Intacct, sorted by what happens next. The gateway throws nothing else, apart from
 * a TypeError for a request that no caller should have built and the reason of an aborted signal.
 */

/** Where it went wrong. One errorno has many meanings in Intacct, so the level is the first thing to look at. */
export type ErrorLevel = 'client' | 'network' | 'http' | 'control' | 'authentication' | 'function';

/**
 * - `retry`: passing trouble; try again soon with backoff, a bounded number of times.
 * - `retryLater`: pause the whole company; `retryAfterMs` says how long when the server said so.
 * - `newSession`: the session ended. The client deals with it and never lets it out.
 * - `blockStream`: this object (or location) is refused; others go on; probe again hourly.
 * - `blockConnection`: nothing may be sent for this connection until its settings change or an operator resumes it.
 * - `dropFields`: ask again without `fields`.
 * - `bug`: our request is wrong; loud and permanent.
 */
export type ErrorAction =
  | 'retry'
  | 'retryLater'
  | 'newSession'
  | 'blockStream'
  | 'blockConnection'
  | 'dropFields'
  | 'bug';

export interface IntacctErrorDetails {
  /** Stable, for logs, metrics and tests. */
  readonly code: string;
  readonly action: ErrorAction;
  readonly level: ErrorLevel;
  /** One sentence for an operator: what to do. Names the object or the sender, never a secret or a row. */
  readonly advice: string;
  readonly errorno?: string | undefined;
  readonly httpStatus?: number | undefined;
  readonly retryAfterMs?: number | undefined;
  /** The answer was too large or too slow: ask for a smaller page. */
  readonly smallerPage?: boolean | undefined;
  /** The asked fields that Intacct refuses, spelled as they were asked. */
  readonly fields?: readonly string[] | undefined;
  /** Sage's own words, without the support id. */
  readonly sageText?: string | undefined;
  readonly supportId?: string | undefined;
}

/**
 * The message is one short sentence. Neither it nor any property ever holds a password, a session id or a row, and there is no
 * `cause`: errors of an HTTP client carry the request, and with it the credentials.
 */
export class IntacctError extends Error {
  override readonly name = 'IntacctError';
  readonly code: string;
  readonly action: ErrorAction;
  readonly level: ErrorLevel;
  readonly advice: string;
  readonly errorno: string | undefined;
  readonly httpStatus: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly smallerPage: boolean;
  readonly fields: readonly string[];
  readonly sageText: string;
  readonly supportId: string | undefined;

  constructor(message: string, details: IntacctErrorDetails) {
    super(message);
    this.code = details.code;
    this.action = details.action;
    this.level = details.level;
    this.advice = details.advice;
    this.errorno = details.errorno;
    this.httpStatus = details.httpStatus;
    this.retryAfterMs = details.retryAfterMs;
    this.smallerPage = details.smallerPage ?? false;
    this.fields = details.fields ?? [];
    this.sageText = details.sageText ?? '';
    this.supportId = details.supportId;
  }
}

/** One result of several in a request: a refused object never takes the others with it. */
export type Settled<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: IntacctError };
