/**
 * The clock of the server, kept up between answers by a local monotonic one. Ends of windows are read from it, so it must never
 * run ahead: every estimate is a lower bound, a second and the duration of an answer behind at most.
 *
 * Whether `sessiontimestamp` is the time of the answer or the beginning of the session is undocumented. A stamp that a session
 * repeats therefore teaches nothing, and the monotonic clock carries on from the first. Where no answer ever carried a stamp, the
 * Date header of HTTP has to do.
 *
 * A jump of the server's clock, either way, is followed with the next answer that carries a new stamp.
 */
export interface Observation {
  readonly sentAtMs: number;
  readonly receivedAtMs: number;
  /** One value per sign-in. */
  readonly session: number;
  readonly stampMs: number | undefined;
  readonly httpDateMs: number | undefined;
}

const RESOLUTION_MS = 1_000;
/** The stamp of an answer that took longer may have been made long before it came: it only counts if it cannot be otherwise. */
const PROMPT_MS = 5_000;

const REMEMBERED_SESSIONS = 1_000;

export class ServerClock {
  readonly #monotonicNow: () => number;
  #offsetMs: number | undefined;
  #learntFromStamps = false;
  readonly #lastStampMs = new Map<number, number>();

  constructor(monotonicNow: () => number) {
    this.#monotonicNow = monotonicNow;
  }

  nowMs(): number | undefined {
    return this.#offsetMs === undefined ? undefined : Math.floor(this.#monotonicNow() + this.#offsetMs);
  }

  observe(observation: Observation): void {
    const { stampMs, httpDateMs } = observation;
    if (stampMs !== undefined) {
      if (this.#lastStampMs.get(observation.session) === stampMs) return;
      this.#remember(observation.session, stampMs);
      this.#learntFromStamps = true;
      this.#learn(stampMs, observation);
    } else if (httpDateMs !== undefined && !this.#learntFromStamps) this.#learn(httpDateMs, observation);
  }

  #remember(session: number, stampMs: number): void {
    this.#lastStampMs.delete(session);
    this.#lastStampMs.set(session, stampMs);
    const [oldest] = this.#lastStampMs.keys();
    if (oldest !== undefined && this.#lastStampMs.size > REMEMBERED_SESSIONS) this.#lastStampMs.delete(oldest);
  }

  #learn(serverMs: number, { sentAtMs, receivedAtMs }: Observation): void {
    // The stamp was made after sending and before receiving, and then cut to whole seconds.
    const lowest = serverMs - receivedAtMs;
    const highest = serverMs + RESOLUTION_MS - sentAtMs;
    const known = this.#offsetMs;
    const contradicted = known === undefined || known < lowest || known > highest;
    if (contradicted || receivedAtMs - sentAtMs <= PROMPT_MS) this.#offsetMs = lowest;
  }
}
