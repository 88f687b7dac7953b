import { randomUUID } from 'node:crypto';
import type { SimClock } from './clock.js';

export interface Session {
  readonly id: string;
  /** The entity it was opened for; null is the top level. */
  readonly location: string | null;
  expiresAtMs: number;
}

/** Open sessions. Each request pushes the end of its session out, as Sage's sliding `sessiontimeout` does. */
export class Sessions {
  readonly #sessions = new Map<string, Session>();

  constructor(
    readonly clock: SimClock,
    public lifetimeMs: number,
  ) {}

  open(location: string | null): Session {
    const session: Session = { id: `${randomUUID()}..`, location, expiresAtMs: this.clock.now() + this.lifetimeMs };
    this.#sessions.set(session.id, session);
    return session;
  }

  /** Undefined when it never existed or is over. */
  use(id: string): Session | undefined {
    const session = this.#sessions.get(id);
    if (session === undefined) return undefined;
    if (session.expiresAtMs <= this.clock.now()) {
      this.#sessions.delete(id);
      return undefined;
    }
    session.expiresAtMs = this.clock.now() + this.lifetimeMs;
    return session;
  }

  /** Where a session works, without using it. */
  locationOf(id: string): string | null {
    return this.#sessions.get(id)?.location ?? null;
  }

  expireAll(): void {
    this.#sessions.clear();
  }

  get count(): number {
    return this.#sessions.size;
  }
}
