/** Thrown by a parser that cannot use a value: says what was expected, never what was received. */
export class Refusal extends Error {
  /** The received value must not be shown beside the message, because it may hold something secret. */
  readonly hidesValue: boolean;

  /** @param expectation continues the sentence that the setting's name begins: `expects a duration like 30s or 5m`. */
  constructor(expectation: string, { hidesValue = false } = {}) {
    super(expectation);
    this.name = 'Refusal';
    this.hidesValue = hidesValue;
  }
}
