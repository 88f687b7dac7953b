/** The few requests that one company may have in work at a time; Sage lets further ones wait a while and then refuses them. */
export class Slots {
  #taken = 0;
  readonly #waiting: ((granted: boolean) => void)[] = [];

  constructor(readonly limits: { readonly concurrencyLimit: number; readonly concurrencyWaitMs: number }) {}

  /** Resolves to false when the wait was in vain. `onWait` tells that there was one. */
  take(onWait: () => void): Promise<boolean> {
    if (this.#taken < this.limits.concurrencyLimit) {
      this.#taken += 1;
      return Promise.resolve(true);
    }
    onWait();
    return new Promise((resolve) => {
      const settle = (granted: boolean): void => {
        clearTimeout(timer);
        resolve(granted);
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(settle), 1);
        resolve(false);
      }, this.limits.concurrencyWaitMs);
      this.#waiting.push(settle);
    });
  }

  release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#taken -= 1;
    else next(true);
  }

  /** Sends all who wait away; for the end of the server. */
  close(): void {
    for (const settle of this.#waiting.splice(0)) settle(false);
  }
}
