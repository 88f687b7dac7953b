import type { JobSchedulerTemplateOptions, Queue } from 'bullmq';
import { locationLabel } from './core/stream.js';
import type { Poller } from './tick-tools.js';

/** What a poll job carries: names only, since a job is readable by whoever reads Redis. */
export interface PollJob {
  readonly connection: string;
  readonly location: string | null;
}

/** The next tick lives in one delayed job; a scheduler that has not moved for this many intervals has lost it. */
const LOST_AFTER_INTERVALS = 3;

/**
 * Makes the schedulers in Redis equal to the configured pollers: missing ones are made (due at once), those with another interval
 * changed, those of pollers that are no longer configured removed, those that lost their next job made again. A scheduler that is
 * as it should be is not touched, so that any number of processes may do this at any time. Answers how many were revived.
 */
export async function syncSchedules(queue: Queue, pollers: readonly Poller[], nowMs: number): Promise<number> {
  const existing = new Map((await queue.getJobSchedulers(0, -1)).map((scheduler) => [scheduler.key, scheduler]));
  let revived = 0;
  for (const poller of pollers) {
    const id = schedulerId(poller);
    const scheduler = existing.get(id);
    existing.delete(id);
    const lost =
      scheduler?.next !== undefined && nowMs - scheduler.next > LOST_AFTER_INTERVALS * poller.everyMs + 60_000;
    if (scheduler !== undefined && Number(scheduler.every) === poller.everyMs && !lost) continue;
    if (lost) revived += 1;
    const data: PollJob = { connection: poller.connection, location: poller.location };
    await queue.upsertJobScheduler(id, { every: poller.everyMs }, { name: 'poll', data, opts: jobOptions(poller) });
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
