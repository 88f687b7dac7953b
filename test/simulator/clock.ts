/**
 * The company's clock. It runs with the machine's clock plus an offset, or stands still until a test moves it, because "the server is
 * off by hours" and "the clock jumped back" must be one line in a test.
 */
export class SimClock {
  #offsetMs = 0;
  #frozenAtMs: number | null = null;

  /** A clock that only moves when told to. */
  static manual(atMs: number): SimClock {
    const clock = new SimClock();
    clock.freeze(atMs);
    return clock;
  }

  now(): number {
    return this.#frozenAtMs ?? Date.now() + this.#offsetMs;
  }

  /** Stops at the given instant, or where it is. */
  freeze(atMs: number = this.now()): void {
    this.#frozenAtMs = atMs;
  }

  /** Runs on from the present reading. */
  run(): void {
    const present = this.now();
    this.#frozenAtMs = null;
    this.#offsetMs = present - Date.now();
  }

  /** Moves by the given span, backwards if negative; works while running and while standing. */
  jump(byMs: number): void {
    if (this.#frozenAtMs === null) this.#offsetMs += byMs;
    else this.#frozenAtMs += byMs;
  }

  /** Sets the distance to the machine's clock and runs. */
  setOffset(offsetMs: number): void {
    this.#frozenAtMs = null;
    this.#offsetMs = offsetMs;
  }
}
