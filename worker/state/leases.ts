import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Lease } from '../tick-tools.js';

/**
 * KEYS  1 lease, 2 holder
 * ARGV  1 token, 2 how long, milliseconds
 * Reply 0: another process holds it, 1: ours, 2: ours, and the one before us never gave it back
 */
const TAKE = `
if not redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2], 'NX') then
  -- Ours already: the answer was lost, and the client has sent this again.
  return redis.call('GET', KEYS[1]) == ARGV[1] and 1 or 0
end
local before = redis.call('GET', KEYS[2])
redis.call('SET', KEYS[2], ARGV[1], 'EX', 86400)
return before and 2 or 1
`;
const RENEW = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`;
const RELEASE = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1], KEYS[2]) end return 0`;

export interface LeaseOptions {
  /** Key that keeps the token of a process which did not give the lease back. */
  readonly holderKey: string;
  /** How long a poller of a dead process stays taken, milliseconds. */
  readonly leaseMs: number;
  /** Told when a renewal did not go through; the lease may still be ours. */
  readonly onRenewalError: (error: unknown) => void;
  /** Whoever had it before has died, or was away for longer than it lasts. */
  readonly onTakenOver?: () => void;
}

/**
 * Takes a lease; null when another process holds it. It is renewed until released; when a renewal finds it gone, or none has
 * succeeded for as long as the lease lasts, `lost` fires. Nobody has to trust that signal: every commit checks the token.
 */
export async function takeLease(redis: Redis, key: string, options: LeaseOptions): Promise<Lease | null> {
  const { holderKey, leaseMs } = options;
  const token = randomUUID();
  const verdict = await redis.eval(TAKE, 2, key, holderKey, token, leaseMs);
  if (verdict === 0) return null;
  if (verdict === 2) options.onTakenOver?.();

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
      await redis.eval(RELEASE, 2, key, holderKey, token);
    },
  };
}
