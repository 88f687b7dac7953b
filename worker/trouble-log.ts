import type { Logger } from '../shared/logger.js';

export interface TroubleLog {
  noticed(error: unknown): void;
  over(): void;
}

/** Redis is there and refuses to work: one line when that begins, one when it is over. That it is away is told by the connections. */
export function createTroubleLog(logger: Logger): TroubleLog {
  let current: string | null = null;
  return {
    noticed(error) {
      // That Redis is away is told by the connections.
      if (!(error instanceof Error) || error.name !== 'ReplyError') return;
      const { message } = error;
      const isFull = message.includes('OOM');
      const event = isFull ? 'redis.out_of_memory' : 'polling.trouble';
      if (event === current) return;
      current = event;
      // The rest of such a message is the command, and with it data.
      const code = isFull ? 'OOM' : (/^[A-Z]{3,20}\b/.exec(message)?.[0] ?? 'UNKNOWN');
      logger.error({ code, advice: isFull ? OUT_OF_MEMORY : REFUSES }, event);
    },
    over() {
      if (current !== null) logger.info('polling.well_again');
      current = null;
    },
  };
}

const OUT_OF_MEMORY =
  'Give Redis more memory, or let consumers empty their queues; no tick runs until then, and nothing is lost';
const REFUSES = 'Redis does not do what schedules and ticks need; see its log, and what its user is allowed to';
