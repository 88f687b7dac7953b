import type { Redis } from '../shared/redis.js';
import type { Readiness } from './http/server.js';

/** Redis that takes longer than this to say PONG is not one to work with. */
const ANSWERS_WITHIN_MS = 1_000;

export interface ReadinessWatch {
  look(): Promise<Readiness>;
  /** Resolves once every connection is up; rejects when the worker is stopped before. */
  whenRedisIsReady(): Promise<void>;
  /** Before this is called there are no schedules. */
  askForSchedules(question: () => Promise<boolean>): void;
}

/** Ready: Redis answers, the schedules are in place, nobody has asked to stop. */
export function createReadiness(connections: readonly Redis[], stop: AbortSignal): ReadinessWatch {
  let hasSchedules: () => Promise<boolean> = () => Promise.resolve(false);
  return {
    askForSchedules(question) {
      hasSchedules = question;
    },

    async look() {
      const problems: string[] = [];
      if (stop.aborted) problems.push('shutting down');
      if (!(await allAnswer(connections))) problems.push('Redis does not answer');
      else if (!(await hasSchedules().catch(() => false))) problems.push('schedules are not in place');
      return { ready: problems.length === 0, problems };
    },

    async whenRedisIsReady() {
      await Promise.all(connections.map((redis) => isReady(redis, stop)));
    },
  };
}

async function allAnswer(connections: readonly Redis[]): Promise<boolean> {
  if (connections.some((redis) => redis.status !== 'ready')) return false;
  const [commands] = connections;
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, ANSWERS_WITHIN_MS, '');
  });
  const answer = await Promise.race([commands?.ping().catch(() => ''), tooLong]);
  clearTimeout(timer);
  return answer === 'PONG';
}

function isReady(redis: Redis, stop: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (redis.status === 'ready') return resolve();
    if (stop.aborted) return reject(stop.reason);
    redis.once('ready', () => resolve());
    stop.addEventListener('abort', () => reject(stop.reason), { once: true });
  });
}
