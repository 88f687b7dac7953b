import { setTimeout as sleep } from 'node:timers/promises';
import { type Scene, type TroubleName, troubleOf } from './troubles.js';

/**
 * Makes trouble until it is told to stop, at moments and in an order that the seed decides: every kind once, in any order, then every
 * kind again. What the trouble hits is up to the machine; the same seed makes the same plan, not the same run.
 */
export class TroubleMaker {
  /** What was done, and how often. */
  readonly made = new Map<TroubleName, number>();
  last: TroubleName | null = null;
  readonly #scene: Omit<Scene, 'signal'>;
  readonly #stop = new AbortController();
  readonly #lasting = new Set<Promise<void>>();
  #running: Promise<void> = Promise.resolve();

  constructor(scene: Omit<Scene, 'signal'>) {
    this.#scene = scene;
  }

  start(kinds: readonly TroubleName[], longestPauseMs: number): void {
    this.#running = this.#run(kinds, longestPauseMs);
  }

  /** Everything is put right again, as far as it is for the one who makes the trouble to do so. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await Promise.all(this.#lasting);
    this.#scene.simulator.faults.clear();
  }

  async #run(kinds: readonly TroubleName[], longestPauseMs: number): Promise<void> {
    const { random } = this.#scene;
    const { signal } = this.#stop;
    let bag: TroubleName[] = [];
    while (!signal.aborted) {
      await sleep(random.below(longestPauseMs), undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      if (bag.length === 0) {
        bag = [...kinds];
        random.shuffle(bag);
      }
      const name = bag.pop();
      if (name === undefined) return;
      this.last = name;
      this.made.set(name, (this.made.get(name) ?? 0) + 1);
      const trouble = troubleOf(name);
      // What one trouble needs, such as a Redis that answers, another may have taken away.
      const made = trouble.make({ ...this.#scene, signal }).catch(() => undefined);
      if (!trouble.lasting) await made;
      else {
        this.#lasting.add(made);
        void made.then(() => this.#lasting.delete(made));
      }
    }
  }
}
