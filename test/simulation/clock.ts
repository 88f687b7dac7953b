import { floorToSecond } from '../../worker/core/instant.js';

/** 2026-11-22T12:00:00Z. */
const START_MS = Date.UTC(2026, 10, 22, 12);

/** True time, which nobody in the story can read, and Intacct's clock, which jumps. */
export class SimulatedTime {
  nowMs = START_MS;
  readonly #jumps: { readonly fromMs: number; readonly offsetMs: number }[] = [];

  jump(byMs: number): void {
    this.#jumps.push({ fromMs: this.nowMs, offsetMs: this.#offsetAt(this.nowMs) + byMs });
  }

  get hasJumpedBack(): boolean {
    return this.#jumps.some(({ offsetMs }, index) => offsetMs < (this.#jumps[index - 1]?.offsetMs ?? 0));
  }

  /** What Intacct's clock shows at a true instant. */
  serverAt(trueMs: number): number {
    return trueMs + this.#offsetAt(trueMs);
  }

  /** The stamp that a change gets now. */
  stampMs(): number {
    return floorToSecond(this.serverAt(this.nowMs));
  }

  /** The most that the clock was ever ahead of what it is now. */
  get setBackByMs(): number {
    const most = Math.max(0, ...this.#jumps.map(({ offsetMs }) => offsetMs));
    return most - this.#offsetAt(this.nowMs);
  }

  #offsetAt(trueMs: number): number {
    return this.#jumps.findLast(({ fromMs }) => fromMs <= trueMs)?.offsetMs ?? 0;
  }
}
