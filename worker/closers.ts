/** Undoes what was made, last made first. */
export class Closers {
  readonly #stack: { readonly name: string; close(): unknown }[] = [];

  add(name: string, close: () => unknown): void {
    this.#stack.push({ name, close });
  }

  /** Finishes the rest when one fails, and tells of each failure. */
  async closeAll(onFailure: (name: string, error: unknown) => void): Promise<void> {
    for (let item = this.#stack.pop(); item !== undefined; item = this.#stack.pop()) {
      try {
        await item.close();
      } catch (error) {
        onFailure(item.name, error);
      }
    }
  }
}
