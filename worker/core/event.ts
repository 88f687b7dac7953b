import { createHash } from 'node:crypto';
import type { EventOp, TriggerEvent } from '../../shared/event.js';
import { encodeVersion } from './ledger.js';
import { type IntacctRecord, type RejectedRow, stampMs, type Version } from './record.js';
import { locationLabel, type Stream } from './stream.js';

/**
 * Created, if the audit time of creation is above the ledger's floor and the key is not in the ledger; else updated. Exact, because
 * an earlier emission of this key would have had a stamp above its creation, hence above the floor, and would be in the ledger.
 */
export function classify(record: IntacctRecord, isInLedger: boolean, floorMs: number): EventOp {
  const { createdAtMs } = record;
  if (isInLedger || createdAtMs === null || createdAtMs <= floorMs) return 'updated';
  // Touched before it was made: Intacct's clock was set back in between, so this is not the first that was seen of it.
  return stampMs(record) < createdAtMs - CREATED_LATER_MS ? 'updated' : 'created';
}

/** The two stamps of a creation may be a few seconds apart, in either order. */
const CREATED_LATER_MS = 60_000;

export function toEvent(
  stream: Stream,
  record: IntacctRecord,
  version: Version,
  op: EventOp,
  detectedAtMs: number,
): TriggerEvent {
  const source = sourceOf(stream);
  const time = iso(stampMs(record));
  return {
    specversion: '1.0',
    id: eventId(source, stream.object, record.key, version),
    source,
    type: `intacct.${stream.object.toLowerCase()}.${op}`,
    subject: `${stream.object}/${record.key}`,
    time,
    datacontenttype: 'application/json',
    data: {
      connection: stream.connection,
      companyId: stream.companyId,
      location: record.owner,
      object: stream.object,
      op,
      key: record.key,
      modifiedAt: record.modifiedAtMs === null ? null : time,
      createdAt: record.createdAtMs === null ? null : iso(record.createdAtMs),
      detectedAt: new Date(detectedAtMs).toISOString(),
      record: record.row,
    },
  };
}

/** Job id of a rejected row: one job per row, content and reason, however often it is read. */
export function rejectId(stream: Stream, rejected: RejectedRow): string {
  return `r${digest([sourceOf(stream), stream.object, rejected.reason, rejected.key ?? '', rejected.fingerprint])}`;
}

/** `/intacct/<companyId>/<location>`; a URI reference, as CloudEvents asks. */
function sourceOf(stream: Stream): string {
  return `/intacct/${encodeURIComponent(stream.companyId)}/${encodeURIComponent(locationLabel(stream.location))}`;
}

/** Letters and digits, a letter first: BullMQ refuses colons and whole numbers as job ids, and takes `0:` for its own. */
function eventId(source: string, object: string, key: string, version: Version): string {
  return `e${digest([source, object, key, encodeVersion(version)])}`;
}

function digest(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\u0000')).digest('hex').slice(0, 31);
}

/** Whole seconds without a fraction, as Intacct stamps; fractions where there are any. */
function iso(atMs: number): string {
  return new Date(atMs).toISOString().replace('.000Z', 'Z');
}
