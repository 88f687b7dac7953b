import type { Secret } from '../../shared/secret.js';
import { INVALID_SESSION, TOP_LEVEL_REFUSED } from './classify.js';
import { IntacctError } from './errors.js';

export interface Session {
  /** One per session, in the order of opening: to tell sessions apart without their ids. */
  readonly number: number;
  readonly location: string | null;
  readonly id: Secret;
  readonly endpoint: URL;
  readonly companyId: string | null;
  readonly userId: string | null;
}

/** How to open a session: with the password of the user, or from a session that is open already. */
export type SessionRequest =
  | { readonly by: 'login'; readonly location: string | null }
  | { readonly by: 'session'; readonly from: Session; readonly location: string };

export interface OpenedSession {
  readonly session: Session;
  readonly remainingMs: number | undefined;
}

export interface SessionsOptions {
  /** Sends one sign-in. The signal is that of `close`, not of a caller: a sign-in may be shared. */
  readonly open: (request: SessionRequest, number: number, signal: AbortSignal) => Promise<OpenedSession>;
  readonly monotonicNow: () => number;
}

interface Kept {
  readonly session: Session;
  endsAtMs: number;
}

/** A session is given up this long before its end, so that a request in flight does not meet it. */
const MARGIN_MS = 60_000;

/**
 * One session per location, all from one login: Sage opens the session of an entity from that of the top level. A user who is
 * restricted to entities has no top level; each of its locations signs in by itself.
 *
 * A refused sign-in is never repeated: Sage locks users out. The refusal is remembered, and thrown again, until `reset`.
 * The hole: a sign-in whose answer was lost may have been refused; the caller decides when to try again.
 */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #kept = new Map<string | null, Kept>();
  readonly #opening = new Map<string | null, Promise<Session>>();
  readonly #closing = new AbortController();
  #refusal: IntacctError | undefined;
  #topLevelRefusal: IntacctError | undefined;
  #opened = 0;

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** The open session of a location, or a new one; callers at the same time share one sign-in. */
  async get(location: string | null, signal?: AbortSignal): Promise<Session> {
    signal?.throwIfAborted();
    if (this.#refusal !== undefined) throw this.#refusal;
    const kept = this.#kept.get(location);
    if (kept !== undefined && this.#options.monotonicNow() < kept.endsAtMs) return kept.session;
    let opening = this.#opening.get(location);
    if (opening === undefined) {
      opening = this.#open(location).finally(() => this.#opening.delete(location));
      this.#opening.set(location, opening);
      // Every caller may have gone by the time it fails.
      opening.catch(() => {});
    }
    return await orAborted(opening, signal);
  }

  /** The end of a session slides with each answer. Without one it is kept until Sage calls it invalid. */
  renew(session: Session, remainingMs: number | undefined): void {
    const kept = this.#kept.get(session.location);
    if (kept?.session === session && remainingMs !== undefined) kept.endsAtMs = this.#end(remainingMs);
  }

  /** Forgets this very session; one that was opened since stays. */
  drop(session: Session): void {
    if (this.#kept.get(session.location)?.session === session) this.#kept.delete(session.location);
  }

  /** Nothing is sent for this connection any more: any later `get` throws this error. */
  refuse(error: IntacctError): void {
    this.#refusal = error;
  }

  reset(): void {
    this.#refusal = undefined;
    this.#topLevelRefusal = undefined;
    this.#kept.clear();
  }

  close(): void {
    this.#closing.abort(new Error('The connection to Intacct was closed'));
    this.#kept.clear();
  }

  async #open(location: string | null): Promise<Session> {
    if (location === null) return await this.#logIn(null);
    const top = await this.#topLevel();
    if (top === undefined) return await this.#logIn(location);
    try {
      return await this.#send({ by: 'session', from: top, location });
    } catch (error) {
      if (!(error instanceof IntacctError && error.code === INVALID_SESSION)) throw error;
      this.drop(top);
      return await this.#send({ by: 'session', from: await this.get(null), location });
    }
  }

  /** Undefined when the user has no top level. */
  async #topLevel(): Promise<Session | undefined> {
    if (this.#topLevelRefusal !== undefined) return undefined;
    try {
      return await this.get(null);
    } catch (error) {
      if (error instanceof IntacctError && error.code === TOP_LEVEL_REFUSED) return undefined;
      throw error;
    }
  }

  async #logIn(location: string | null): Promise<Session> {
    if (location === null && this.#topLevelRefusal !== undefined) throw this.#topLevelRefusal;
    return await this.#send({ by: 'login', location });
  }

  async #send(request: SessionRequest): Promise<Session> {
    if (this.#refusal !== undefined) throw this.#refusal;
    try {
      const { session, remainingMs } = await this.#options.open(request, ++this.#opened, this.#closing.signal);
      const endsAtMs = remainingMs === undefined ? Number.POSITIVE_INFINITY : this.#end(remainingMs);
      this.#kept.set(request.location, { session, endsAtMs });
      return session;
    } catch (error) {
      this.#remember(request, error);
      throw error;
    }
  }

  #remember(request: SessionRequest, error: unknown): void {
    if (!(error instanceof IntacctError)) return;
    if (error.code === TOP_LEVEL_REFUSED && request.location === null) this.#topLevelRefusal = error;
    else if (error.action === 'blockConnection' || error.action === 'bug') this.#refusal = error;
  }

  #end(remainingMs: number): number {
    return this.#options.monotonicNow() + remainingMs - Math.min(MARGIN_MS, remainingMs / 10);
  }
}

async function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await promise;
  let stop = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    stop = () => signal.removeEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    stop();
  }
}
