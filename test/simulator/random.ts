/** Seeded randomness, so that a run that failed can be run again from its seed. Never used for anything secret. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number in [0, 1): mulberry32, small and good enough for shuffles and coin tosses. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('pick needs at least one item');
    return item;
  }

  /** Moves a random choice to the front; as good as a shuffle for one who looks at the first few only. */
  draw<T>(items: T[], count: number): void {
    for (let at = 0; at < Math.min(count, items.length); at += 1) {
      const other = at + this.below(items.length - at);
      const held = items[at] as T;
      items[at] = items[other] as T;
      items[other] = held;
    }
  }

  /** Shuffles items[from, to) in place. */
  shuffle<T>(items: T[], from = 0, to = items.length): void {
    for (let last = to - 1; last > from; last -= 1) {
      const other = from + this.below(last - from + 1);
      const held = items[last] as T;
      items[last] = items[other] as T;
      items[other] = held;
    }
  }
}
