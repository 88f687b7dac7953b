import { inspect } from 'node:util';

const REDACTED = '[secret]';

/**
 * A value that must never be printed. Logging, JSON, template strings and inspection show `[secret]`; only `reveal()` gives the
 * text, so that every place which needs it can be found by searching for that one word.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}
