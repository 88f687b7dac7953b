import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Lease } from '../tick-tools.js';

const RENEW = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`;
const RELEASE = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

export interface LeaseOptions {
  /** How long a poller of a dead process stays taken, milliseconds. */
  readonly leaseMs: number;
  /** Told when a renewal did not go through; the lease may still be ours. */
  readonly onRenewalError: (error: unknown) => void;
}

/**
 * Takes a lease; null when another process holds it. It is renewed until released; when a renewal finds it gone, or none has
 * succeeded for as long as the lease lasts, `lost` fires. Nobody has to trust that signal: every commit checks the token.
 */
export async function takeLease(redis: Redis, key: string, options: LeaseOptions): Promise<Lease | null> {
  const { leaseMs } = options;
  const token = randomUUID();
  if ((await redis.set(key, token, 'PX', leaseMs, 'NX')) === null) return null;

  const lost = new AbortController();
  let renewedAtMs = performance.now();
  let renewing = false;
  const renew = async () => {
    if (renewing) return;
    renewing = true;
    const askedAtMs = performance.now();
    try {
      if ((await redis.eval(RENEW, 1, key, token, leaseMs)) === 1) renewedAtMs = askedAtMs;
      else lost.abort();
    } catch (error) {
      options.onRenewalError(error);
    } finally {
      renewing = false;
    }
  };
  const timer = setInterval(() => {
    if (performance.now() - renewedAtMs >= leaseMs) lost.abort();
    else void renew();
  }, leaseMs / 3);

  return {
    key,
    token,
    lost: lost.signal,
    async release() {
      clearInterval(timer);
      await redis.eval(RELEASE, 1, key, token);
    },
  };
}
