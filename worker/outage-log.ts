import type { Logger } from '../shared/logger.js';

/** One line when an outage of Redis begins and one when it is over, however many attempts lie between. Null: it is over. */
export function outageLog(logger: Logger, connection: string): (error: Error | null) => void {
  let isOut = false;
  return (error) => {
    if ((error !== null) === isOut) return;
    isOut = error !== null;
    if (error === null) {
      logger.info({ connection }, 'redis.back');
      return;
    }
    const code = 'code' in error ? String(error.code) : error.name;
    logger.error(
      { connection, code, advice: 'See whether Redis runs and REDIS_URL is right; the worker tries on' },
      'redis.unreachable',
    );
  };
}
