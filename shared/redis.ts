import { Redis, type RedisOptions } from 'ioredis';
import type { Secret } from './secret.js';

export type { Redis } from 'ioredis';

/**
 * What a connection is for, which decides how it treats the unknown:
 *
 * - `commands`: reads, scripts and BullMQ queues. A command without an answer fails in 5 s and may have been applied. While
 *   Redis is away commands wait for it, but not longer than that. A lost answer makes the client send again: everything sent
 *   here must bear being applied twice.
 * - `blocking`: BullMQ workers, which hold a command open for seconds and have to outlive any outage. No command times out by
 *   itself; a dead socket is found by its silence. Workers duplicate the connection, so this role fits both of their ends.
 * - `transactions`: WATCH … EXEC and nothing else. Fails at once instead of waiting or sending again, because a repeated
 *   MULTI would run on a new connection, without its WATCH. After a failure the outcome is unknown: read, then decide.
 */
export type RedisRole = 'commands' | 'blocking' | 'transactions';

/** What ioredis knows, except the shape of replies: callers rely on the default one. */
type ClientOptions = Omit<RedisOptions, 'replyMapping'>;

export interface ConnectRedisOptions {
  /** Shown by CLIENT LIST: no blanks. */
  readonly name: string;
  readonly role: RedisRole;
  /** Called for every failed attempt to connect, so once a few seconds during an outage. */
  readonly onError?: (error: Error) => void;
  /** Wins over what the role says. */
  readonly options?: ClientOptions;
}

const FIRST_RECONNECT_MS = 100;
const SLOWEST_RECONNECT_MS = 5_000;

const EVERY_ROLE: ClientOptions = {
  connectTimeout: 5_000,
  // The client's timer for this outlives a connection that is closed already, and with it the process.
  disconnectTimeout: 500,
  retryStrategy: (attempt) => reconnectDelayMs(attempt, Math.random()),
  // After a failover the old primary answers READONLY until the connection is made again. The refused command fails: half of a
  // transaction must not be sent to the new primary.
  reconnectOnError: (error) => error.message.includes('READONLY'),
};

const ROLES: Readonly<Record<RedisRole, ClientOptions>> = {
  commands: {
    commandTimeout: 5_000,
    // Without it every later command of a dead connection would time out too, until the kernel gives up after many minutes.
    socketTimeout: 10_000,
    maxRetriesPerRequest: 5,
  },
  blocking: {
    // BullMQ blocks for 10 s at most; three times that without a byte is a dead peer.
    socketTimeout: 30_000,
    maxRetriesPerRequest: null,
  },
  transactions: {
    commandTimeout: 10_000,
    socketTimeout: 10_000,
    autoResendUnfulfilledCommands: false,
    // With resending off, ioredis forgets unanswered commands without settling them; 0 makes it fail them when the connection breaks.
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
  },
};

/**
 * Connects in the background and reconnects for ever; `rediss://` means TLS. Nothing is thrown when Redis is away: wait for
 * `ready` with a deadline of your own where that matters.
 */
export function connectRedis(url: Secret | string, { name, role, onError, options }: ConnectRedisOptions): Redis {
  const redis = new Redis(typeof url === 'string' ? url : url.reveal(), {
    ...EVERY_ROLE,
    ...ROLES[role],
    connectionName: name,
    ...options,
  });
  if (onError !== undefined) {
    redis.on('error', onError);
  }
  return redis;
}

/** Doubles up to 5 s, of which a random half is jitter, so that a fleet does not come back as one. */
export function reconnectDelayMs(attempt: number, random: number): number {
  const longest = Math.min(FIRST_RECONNECT_MS * 2 ** (attempt - 1), SLOWEST_RECONNECT_MS);
  return Math.round(longest / 2 + (longest / 2) * random);
}

/** The URL without user, password and query (which may hold a password as well); for logs. */
export function describeRedisUrl(url: Secret | string): string {
  const text = typeof url === 'string' ? url : url.reveal();
  if (!URL.canParse(text)) {
    return '(not a URL)';
  }
  const { protocol, host, pathname } = new URL(text);
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
}
