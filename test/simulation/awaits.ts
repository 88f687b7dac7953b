import type { SimulatedTime } from './clock.js';
import type { Ending } from './story.js';

/** Where a process stands still until the story lets it go on. */
interface Await {
  readonly name: string;
  readonly takesMs: number;
  readonly signal: AbortSignal | null;
  perform(ending: Ending): unknown;
  trouble(): Error;
  resolve(value: unknown): void;
  reject(error: unknown): void;
  /** Set once it is done, while the reply is held back. */
  reply: { readonly value: unknown } | { readonly error: unknown } | null;
}

/** Every await of a process that is under way, in the order in which they were begun. */
export class Awaits {
  readonly #list: Await[] = [];

  get length(): number {
    return this.#list.length;
  }

  nameOf(pick: number): string {
    return this.#list[pick % this.#list.length]?.name ?? '';
  }

  /**
   * `perform` does the work at the moment that the story chooses; `trouble` makes the error of an await that fails. `takesMs` of true
   * time pass before it is done.
   */
  add<T>(
    name: string,
    perform: (ending: Ending) => T,
    trouble: () => Error,
    signal: AbortSignal | null = null,
    takesMs = 1,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const settle = resolve as (value: unknown) => void;
      this.#list.push({ name, takesMs, signal, perform, trouble, resolve: settle, reject, reply: null });
    });
  }

  /**
   * Ends one. True when the process dies of it: then nothing is resolved or rejected, ever, so that no `catch` or `finally` of the
   * tick runs either.
   */
  end(pick: number, ending: Ending, time: SimulatedTime): boolean {
    const index = pick % this.#list.length;
    const current = this.#list[index];
    if (current === undefined) return false;
    if (ending === 'crash') return true;
    if (current.reply === null && ending !== 'fail') {
      time.nowMs += current.takesMs;
      try {
        current.reply = { value: current.perform(ending) };
      } catch (error) {
        current.reply = { error };
      }
    }
    if (ending === 'crashAfter') return true;
    if (ending === 'hold') return false;
    this.#list.splice(index, 1);
    const { reply } = current;
    if (current.signal?.aborted === true) current.reject(current.signal.reason);
    else if (reply === null || ending === 'lost' || ending === 'delayed') current.reject(current.trouble());
    else if ('error' in reply) current.reject(reply.error);
    else current.resolve(reply.value);
    return false;
  }
}
