import { IntacctError } from './errors.js';

export interface RetryOptions {
  readonly attempts: number;
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  readonly wait: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
  readonly worthRetrying: (error: IntacctError) => boolean;
}

/** Exponential backoff with full jitter: workers that failed together do not come back together. */
export async function withRetries<T>(
  attempt: () => Promise<T>,
  options: RetryOptions,
  signal?: AbortSignal,
): Promise<T> {
  for (let failures = 0; ; ) {
    try {
      return await attempt();
    } catch (error) {
      failures++;
      if (!(error instanceof IntacctError) || failures >= options.attempts || !options.worthRetrying(error))
        throw error;
      // Asked to stay away for longer than anyone should hold a lease for.
      if (error.retryAfterMs !== undefined && error.retryAfterMs > options.longestDelayMs) throw error;
      const ceilingMs = Math.min(options.longestDelayMs, options.firstDelayMs * 2 ** (failures - 1));
      await options.wait(Math.max(Math.floor(options.random() * ceilingMs), error.retryAfterMs ?? 0), signal);
      signal?.throwIfAborted();
    }
  }
}
