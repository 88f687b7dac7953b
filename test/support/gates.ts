import { setTimeout as sleep } from 'node:timers/promises';
import { createGate, type Gate, type GateOptions } from '../../worker/state/gate.js';

/** A gate as a process of its own would have it. */
export function aGate(needed: Pick<GateOptions, 'redis' | 'keys'>, changes: Partial<GateOptions> = {}): Gate {
  return createGate({
    connection: 'acme',
    limit: 1,
    fingerprint: 'f1f1f1f1',
    wait: async (ms, signal) => {
      await sleep(ms, undefined, { signal });
    },
    ...needed,
    ...changes,
  });
}

/** A signal that never fires. */
export function never(): AbortSignal {
  return new AbortController().signal;
}

/** Fails the test that lets it be sent. */
export async function mustNotBeSent(): Promise<never> {
  throw new Error('This request must not be sent');
}
