import type { BlockInfo } from './block-info.js';

/** The company asked for fewer requests, or is off-line: nothing was sent. */
export class ConnectionPausedError extends Error {
  readonly code = 'CONNECTION_PAUSED';
  override readonly name = 'ConnectionPausedError';

  constructor(
    /** Clock of Redis, epoch milliseconds. */
    readonly untilMs: number,
    /** Code of the error that caused the pause. */
    readonly reason: string,
  ) {
    super(`Nothing is sent for this connection until ${new Date(untilMs).toISOString()} (${reason})`);
  }
}

/** The credentials were refused: nothing was sent, and nothing will be until they change or an operator resumes the connection. */
export class ConnectionBlockedError extends Error {
  readonly code = 'CONNECTION_BLOCKED';
  override readonly name = 'ConnectionBlockedError';
  /** Code of the refusal. */
  readonly reason: string;
  readonly advice: string;
  readonly sageText: string;
  /** Clock of Redis, epoch milliseconds. */
  readonly sinceMs: number;

  constructor({ code, message, advice, sageText, atMs }: BlockInfo) {
    super(`Nothing is sent for this connection since it was refused (${code}): ${message}`);
    this.reason = code;
    this.advice = advice;
    this.sageText = sageText;
    this.sinceMs = atMs;
  }
}

/** The process was stopped, or Redis away, for so long that another request may have taken the slot. The request was aborted. */
export class SlotLostError extends Error {
  readonly code = 'SLOT_LOST';
  override readonly name = 'SlotLostError';

  constructor() {
    super('The slot of a request was lost while it was in flight');
  }
}
