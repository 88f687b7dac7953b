import { IntacctError, type IntacctErrorDetails } from '../../worker/intacct/errors.js';

/** A request that stays in flight until the test says how it ends. */
export interface HeldRequest {
  readonly request: (signal: AbortSignal) => Promise<unknown>;
  hasBegun(): boolean;
  finish(outcome?: () => Promise<unknown>): void;
}

export function heldRequest(): HeldRequest {
  let begun = false;
  let finish: (outcome: () => Promise<unknown>) => void = () => undefined;
  const finished = new Promise<() => Promise<unknown>>((resolve) => {
    finish = resolve;
  });
  return {
    async request(signal) {
      begun = true;
      const aborted = new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
      return await (await Promise.race([finished, aborted]))();
    },
    hasBegun: () => begun,
    finish: (outcome = async () => 'done') => finish(outcome),
  };
}

/** A request that Sage answers with 429; `Retry-After` only where it is told. */
export function tooMany(retryAfterMs?: number): () => Promise<never> {
  return failing({
    code: 'RATE_LIMITED',
    action: 'retryLater',
    level: 'http',
    advice: 'Poll less often.',
    retryAfterMs,
  });
}

export function refusedSignIn(): () => Promise<never> {
  return failing({
    code: 'SIGN_IN_REFUSED',
    action: 'blockConnection',
    level: 'authentication',
    advice: 'Check the password.',
    sageText: 'Sign-in information is incorrect',
  });
}

function failing(details: IntacctErrorDetails): () => Promise<never> {
  return async () => {
    throw new IntacctError('Sage Intacct refuses', details);
  };
}
