import type { JobSchedulerTemplateOptions, Queue } from 'bullmq';
import { locationLabel } from './core/stream.js';
import type { Poller } from './tick-tools.js';

/** What a poll job carries: names only, since a job is readable by whoever reads Redis. */
export interface PollJob {
  readonly connection: string;
  readonly location: string | null;
}

/** The longest that a poller waits for its first tick. */
const SPREAD_OVER_MS = 30_000;

/** The next tick lives in one delayed job; a scheduler that has not moved for this many intervals has lost it. */
const LOST_AFTER_INTERVALS = 3;
const LOST_AFTER_MS = 60_000;

/**
 * Makes the schedulers in Redis equal to the configured pollers: missing ones are made (due soon, each at a time of its own, so that many do not fire together), those with another interval
 * changed, those of pollers that are no longer configured removed, those that lost their next job made again. A scheduler that is
 * as it should be is not touched, so that any number of processes may do this at any time. Answers how many were revived.
 *
 * @param aliveSinceMs since when there has been a process to take ticks, as far as this one knows
 */
export async function syncSchedules(
  queue: Queue,
  pollers: readonly Poller[],
  nowMs: number,
  aliveSinceMs: number,
): Promise<number> {
  const existing = new Map((await queue.getJobSchedulers(0, -1)).map((scheduler) => [scheduler.key, scheduler]));
  let revived = 0;
  for (const [index, poller] of pollers.entries()) {
    const id = schedulerId(poller);
    const scheduler = existing.get(id);
    existing.delete(id);
    // While nobody was there to take it, a tick that is overdue is not a lost one.
    const dueAtMs = Math.max(scheduler?.next ?? nowMs, aliveSinceMs);
    const overdueMs = nowMs - dueAtMs;
    const isOverdue = overdueMs > LOST_AFTER_INTERVALS * poller.everyMs + LOST_AFTER_MS;
    // No tick is made further ahead than one interval: this one was made by a clock that has since been put right.
    const isTooFarAhead = -overdueMs > poller.everyMs + LOST_AFTER_MS;
    const lost = scheduler !== undefined && (isOverdue || isTooFarAhead);
    if (scheduler !== undefined && Number(scheduler.every) === poller.everyMs && !lost) continue;
    if (lost) {
      // Changing a scheduler in place keeps the time of its next tick, which is what is wrong with it.
      await queue.removeJobScheduler(id);
      revived += 1;
    }
    const data: PollJob = { connection: poller.connection, location: poller.location };
    const startDate = nowMs + Math.floor((index / pollers.length) * Math.min(poller.everyMs, SPREAD_OVER_MS));
    const repeat = { every: poller.everyMs, startDate };
    await queue.upsertJobScheduler(id, repeat, { name: 'poll', data, opts: jobOptions(poller) });
  }
  for (const id of existing.keys()) await queue.removeJobScheduler(id);
  return revived;
}

/** Where the next tick is near, it is the next attempt. */
const SLOW_POLLER_MS = 30_000;

/** Trouble that passes is tried again before the next tick of a slow poller is due; each tick goes on from the same place anyway. */
function jobOptions({ everyMs }: Poller): JobSchedulerTemplateOptions {
  const kept = { removeOnComplete: { count: 100 }, removeOnFail: { count: 1_000 } };
  if (everyMs < SLOW_POLLER_MS) return kept;
  return { ...kept, attempts: 4, backoff: { type: 'exponential', delay: 2_000, jitter: 0.5 } };
}

/** BullMQ splits scheduler ids at colons; encoding leaves none. */
export function schedulerId(poller: Pick<Poller, 'connection' | 'location'>): string {
  const location = poller.location === null ? locationLabel(null) : `=${poller.location}`;
  return [poller.connection, location].map(encodeURIComponent).join('/');
}
