/**
 * Versions in the order of one of their times. Writes are nearly always newest, so adding is a push; an older stamp marks the index
 * for sorting before the next read. Superseded versions stay until a sweep: readers check each version against the record anyway,
 * because late and stale readers may want an older one.
 */
export class TimeIndex<V> {
  readonly #timeOf: (version: V) => number | null;
  readonly #isRemembered: (version: V) => boolean;
  #versions: V[] = [];
  #sorted = true;
  #sweepAt = 10_000;

  constructor(timeOf: (version: V) => number | null, isRemembered: (version: V) => boolean) {
    this.#timeOf = timeOf;
    this.#isRemembered = isRemembered;
  }

  add(version: V): void {
    const newest = this.#versions.at(-1);
    if (newest !== undefined && this.#at(newest) > this.#at(version)) this.#sorted = false;
    this.#versions.push(version);
  }

  /** Visits the versions with from <= time <= to, in time order and, within a second, in order of writing. */
  each(fromMs: number, toMs: number, take: (version: V) => void): void {
    this.#prepare();
    const end = this.#firstAtOrAfter(toMs + 1);
    for (let at = this.#firstAtOrAfter(fromMs); at < end; at += 1) take(this.#versions[at] as V);
  }

  count(fromMs: number, toMs: number): number {
    this.#prepare();
    return Math.max(0, this.#firstAtOrAfter(toMs + 1) - this.#firstAtOrAfter(fromMs));
  }

  #prepare(): void {
    if (!this.#sorted) this.#versions.sort((a, b) => this.#at(a) - this.#at(b));
    this.#sorted = true;
    if (this.#versions.length < this.#sweepAt) return;
    this.#versions = this.#versions.filter(this.#isRemembered);
    this.#sweepAt = Math.max(10_000, this.#versions.length * 2);
  }

  #at(version: V): number {
    return this.#timeOf(version) ?? Number.NEGATIVE_INFINITY;
  }

  #firstAtOrAfter(atMs: number): number {
    let low = 0;
    let high = this.#versions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#at(this.#versions[middle] as V) < atMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
