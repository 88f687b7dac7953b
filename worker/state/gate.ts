import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { IntacctError } from '../intacct/errors.js';
import { type BlockInfo, type Refusal, readBlock, refusalOf } from './block-info.js';
import { ConnectionBlockedError, ConnectionPausedError, SlotLostError } from './gate-errors.js';
import { ENTER, LEAVE, LOOK, RENEW, RESUME } from './gate-scripts.js';
import type { Keys } from './keys.js';

/**
 * The way of every request of one connection to Intacct, over all processes that share a Redis.
 *
 * - At most `limit` requests are in flight, first come, first served. The slot of a dead process frees itself. Until a request with
 *   these credentials has gone well, one at a time.
 * - Asked for fewer requests (`retryLater`), nobody sends anything until the pause is over.
 * - Refused (`blockConnection`), nobody sends anything with these credentials until an operator resumes the connection: not after a
 *   restart, not when Redis was emptied while a process that knows of it lives, and not when others have gone on with changed ones.
 *
 * When Redis cannot be asked nothing is sent. The holes: a process that is stopped between admission and sending, for longer than
 * its slot lasts, sends one request too many when it wakes up; a process that dies before it has told Redis of a refusal takes its
 * knowledge along, and the refused sign-in is made once more.
 */
export interface Gate {
  /**
   * Runs a request once it is its turn. Trouble of the connection is looked for in what it throws, and in the results of an answer
   * that is a list of `Settled`. Its signal fires with the caller's, and when the slot is lost.
   * @throws {ConnectionPausedError} {ConnectionBlockedError} at once, nothing was sent; the reason of the signal; what the request
   * or Redis threw.
   */
  run<T>(request: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T>;
  state(): Promise<GateState>;
  /** An operator's: forgets all refusals of the connection. */
  resume(): Promise<void>;
}

export interface GateState {
  readonly inFlight: number;
  readonly waiting: number;
  /** Clock of Redis, epoch milliseconds. */
  readonly pausedUntilMs: number | null;
  /** Refusal of the credentials that this process has. */
  readonly blocked: BlockInfo | null;
}

export interface GateOptions {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly connection: string;
  /** At least 1. */
  readonly limit: number;
  /** Of the credentials that the requests sign in with. */
  readonly fingerprint: string;
  /** How long the slot of a dead process stays taken, milliseconds. */
  readonly slotMs?: number;
  /** How long the place in line of a dead process is kept, milliseconds. */
  readonly waiterMs?: number;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** 0 (inclusive) to 1 (exclusive). */
  readonly random?: () => number;
  /** Before the first request after a refusal that this process knew of: whoever remembers the refusal may forget it. */
  readonly onResumed?: () => void;
  /** A renewal or a release did not go through. The slot frees itself; a refusal is written with the next request. */
  readonly onTrouble?: (error: unknown) => void;
}

const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 15 * 60_000;
/** "Retry-After: 0" must not become a loop, nor a date of 2099 the end. */
const ASKED_PAUSE_MS = { least: 1_000, most: 24 * 3_600_000 };
/** Between two looks of a waiting request, milliseconds. */
const LOOK_AGAIN_MS = { least: 30, most: 100 };

export function createGate(options: GateOptions): Gate {
  return new RedisGate(options);
}

class RedisGate implements Gate {
  readonly #options: GateOptions;
  readonly #slotMs: number;
  readonly #waiterMs: number;
  readonly #keys: readonly string[];
  /** The refusal this process knows of; `atMs` is null when it is not known to have reached Redis. */
  #remembered: { readonly refusal: Refusal; readonly atMs: number | null } | null = null;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#slotMs = options.slotMs ?? 30_000;
    this.#waiterMs = options.waiterMs ?? 5_000;
    const parts = ['state', 'slots', 'line', 'seen', 'blocks'] as const;
    this.#keys = parts.map((part) => options.keys.gate(options.connection, part));
  }

  async run<T>(request: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    const token = randomUUID();
    const slot = this.#keepSlot(token, await this.#admission(token, signal));
    try {
      const answer = await request(AbortSignal.any([signal, slot.lost]));
      await this.#conclude(token, troubleIn(answer), 'ok');
      return answer;
    } catch (error) {
      await this.#conclude(token, error, 'failed');
      throw error;
    } finally {
      slot.stop();
    }
  }

  async state(): Promise<GateState> {
    const { fingerprint } = this.#options;
    const reply = await this.#script(LOOK, fingerprint, this.#waiterMs);
    const [inFlight, waiting, untilMs, entry] = reply as [number, number, number, string];
    return {
      inFlight,
      waiting,
      pausedUntilMs: untilMs === 0 ? null : untilMs,
      blocked: entry === '' ? null : readBlock(entry, fingerprint),
    };
  }

  async resume(): Promise<void> {
    await this.#script(RESUME);
  }

  /** Answers since when the slot is ours at the latest, monotonic milliseconds. */
  async #admission(token: string, signal: AbortSignal): Promise<number> {
    try {
      const sinceMs = await this.#waitInLine(token, signal);
      if (this.#remembered !== null) {
        this.#remembered = null;
        this.#options.onResumed?.();
      }
      return sinceMs;
    } catch (error) {
      if (error instanceof ConnectionPausedError || error instanceof ConnectionBlockedError) throw error;
      const leaving = this.#leave(token, 'failed');
      // Redis may be what failed: do not wait for it once more.
      if (!signal.aborted) throw error;
      await leaving;
      throw signal.reason;
    }
  }

  async #waitInLine(token: string, signal: AbortSignal): Promise<number> {
    const { wait, random = Math.random } = this.#options;
    for (;;) {
      signal.throwIfAborted();
      const askedAtMs = performance.now();
      const isAdmitted = await this.#enter(token);
      signal.throwIfAborted();
      // An answer this old may tell of a slot that has run out since.
      if (isAdmitted && performance.now() - askedAtMs < this.#slotMs) return askedAtMs;
      if (!isAdmitted) await wait(LOOK_AGAIN_MS.least + random() * (LOOK_AGAIN_MS.most - LOOK_AGAIN_MS.least), signal);
    }
  }

  /** False: not yet. */
  async #enter(token: string): Promise<boolean> {
    const { limit, fingerprint } = this.#options;
    const known = this.#remembered;
    const refusal = known === null ? '' : JSON.stringify(known.refusal);
    const entered = this.#script(
      ENTER,
      token,
      limit,
      this.#slotMs,
      this.#waiterMs,
      fingerprint,
      refusal,
      known?.atMs ?? '',
    );
    const [verdict, detail, reason] = (await entered) as [string, string | number, string];
    if (verdict === 'paused') throw new ConnectionPausedError(Number(detail), reason);
    if (verdict === 'blocked') {
      const info = readBlock(String(detail), fingerprint);
      this.#remembered = { refusal: refusalOf(info), atMs: info.atMs };
      throw new ConnectionBlockedError(info);
    }
    return verdict === 'admitted';
  }

  /** What the end of a request means for all others. */
  async #conclude(token: string, trouble: unknown, otherwise: 'ok' | 'failed'): Promise<void> {
    if (trouble instanceof IntacctError && trouble.action === 'retryLater') {
      const { code, retryAfterMs } = trouble;
      const asked =
        retryAfterMs === undefined
          ? ''
          : Math.min(ASKED_PAUSE_MS.most, Math.max(ASKED_PAUSE_MS.least, Math.ceil(retryAfterMs)));
      await this.#leave(token, 'later', code, asked, FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
    } else if (trouble instanceof IntacctError && trouble.action === 'blockConnection') {
      const refusal = refusalOf(trouble);
      // Before Redis is told, which may fail.
      this.#remembered = { refusal, atMs: null };
      const atMs = await this.#leave(token, 'refused', JSON.stringify(refusal));
      if (atMs !== null) this.#remembered = { refusal, atMs };
    } else {
      await this.#leave(token, otherwise);
    }
  }

  /** Null when it is not known to have been done. Never throws: the request is over, and its outcome is what counts. */
  async #leave(token: string, outcome: string, ...details: readonly (string | number)[]): Promise<number | null> {
    try {
      return Number(await this.#script(LEAVE, token, this.#options.fingerprint, outcome, ...details));
    } catch (error) {
      this.#options.onTrouble?.(error);
      return null;
    }
  }

  #keepSlot(token: string, sinceMs: number): { readonly lost: AbortSignal; stop(): void } {
    const lost = new AbortController();
    let keptAtMs = sinceMs;
    let renewing = false;
    const renew = async () => {
      if (renewing) return;
      renewing = true;
      const askedAtMs = performance.now();
      try {
        if ((await this.#script(RENEW, token, this.#options.limit, this.#slotMs)) === 1) keptAtMs = askedAtMs;
        else lost.abort(new SlotLostError());
      } catch (error) {
        this.#options.onTrouble?.(error);
      } finally {
        renewing = false;
      }
    };
    const timer = setInterval(() => {
      if (performance.now() - keptAtMs >= this.#slotMs) lost.abort(new SlotLostError());
      else void renew();
    }, this.#slotMs / 3);
    return { lost: lost.signal, stop: () => clearInterval(timer) };
  }

  #script(script: string, ...args: readonly (string | number)[]): Promise<unknown> {
    return this.#options.redis.eval(script, this.#keys.length, ...this.#keys, ...args);
  }
}

/** One function's answer can tell of the whole connection. */
function troubleIn(answer: unknown): IntacctError | undefined {
  const results: readonly unknown[] = Array.isArray(answer) ? answer : [];
  const errors = results.flatMap((result) => {
    const error = typeof result === 'object' && result !== null && 'error' in result ? result.error : null;
    return error instanceof IntacctError ? [error] : [];
  });
  const ofAction = (action: string) => errors.find((error) => error.action === action);
  return ofAction('blockConnection') ?? ofAction('retryLater');
}
