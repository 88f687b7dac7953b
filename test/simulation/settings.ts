import type { Setting } from './story.js';

/** A plain setting, and one change. */
export function aSetting(changes: Partial<Setting> = {}): Setting {
  return {
    margins: 'brisk',
    pageCap: 5,
    secondKey: true,
    nullsFirst: false,
    textKeys: false,
    nullModified: false,
    replicaLagMs: 0,
    locations: null,
    objects: 1,
    queues: 1,
    fields: 'some',
    startAgoMs: 300_000,
    tickBudgetMs: 60_000,
    requestMs: 50,
    workerSkewHours: 0,
    records: 0,
    recordsSpanMs: 20_000,
    salt: 0,
    ...changes,
  };
}
