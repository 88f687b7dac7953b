import type { Logger } from '../shared/logger.js';

export interface OutageLog {
  /** A connection failed to connect, or lost what it had. */
  failed(connection: string, error: Error): void;
  ready(connection: string): void;
}

/** One line when an outage of Redis begins and one when it is over, however many connections and attempts lie between. */
export function createOutageLog(logger: Logger, redis: string): OutageLog {
  const out = new Set<string>();
  return {
    failed(connection, error) {
      if (out.size === 0) {
        const code = 'code' in error ? String(error.code) : error.name;
        const advice = 'See whether Redis runs there and REDIS_URL is right; the worker tries on';
        logger.error({ redis, code, advice }, 'redis.unreachable');
      }
      out.add(connection);
    },
    ready(connection) {
      if (out.delete(connection) && out.size === 0) logger.info({ redis }, 'redis.back');
    },
  };
}
