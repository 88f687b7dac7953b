import type { Marks } from '../../worker/core/marks.js';
import type { Margins, Stream } from '../../worker/core/stream.js';

/** A valid stream, and one change. */
export function aStream(changes: Partial<Stream> = {}): Stream {
  return {
    connection: 'acme',
    companyId: 'acme-co',
    location: null,
    sharedRecords: 'own',
    object: 'CUSTOMER',
    on: ['created', 'updated'],
    keyField: 'RECORDNO',
    modifiedField: 'WHENMODIFIED',
    createdField: 'WHENCREATED',
    fields: 'all',
    ignoreFields: [],
    where: {},
    everyMs: 60_000,
    startFrom: { agoMs: 3_600_000 },
    queues: ['intacct-events'],
    ...changes,
  };
}

export const MARGINS: Margins = {
  settleMs: 30_000,
  overlapMs: 300_000,
  sweepEveryMs: 3_600_000,
  sweepBackMs: 3 * 3_600_000,
};

/** 2026-11-22T00:00:00Z. */
export const MIDNIGHT_MS = Date.UTC(2026, 10, 22);

export function marksAt(watermarkMs: number, changes: Partial<Marks> = {}): Marks {
  return {
    originMs: watermarkMs - 86_400_000,
    watermarkMs,
    sweptMs: watermarkMs,
    floorMs: watermarkMs - 4 * 3_600_000,
    setBackMs: null,
    ...changes,
  };
}
