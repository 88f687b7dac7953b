import { setTimeout as sleep } from 'node:timers/promises';

/** Long enough that only something broken takes longer: a busy machine must not fail a test. */
const PATIENCE_MS = 20_000;
const LOOK_EVERY_MS = 40;

/**
 * Waits until a condition holds: looks again and again until the answer is neither false nor undefined, and gives it back. Fails with
 * `what` when that takes too long, or at once with what the look itself throws.
 */
export async function until<T>(
  what: string | (() => string),
  look: () => T | false | undefined | Promise<T | false | undefined>,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const answer = await look();
    if (answer !== false && answer !== undefined) return answer;
    if (performance.now() > deadline) {
      throw new Error(`Waited in vain for: ${typeof what === 'string' ? what : what()}`);
    }
    await sleep(LOOK_EVERY_MS);
  }
}
