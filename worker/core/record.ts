import { createHash } from 'node:crypto';
import { GARBLED, type Row } from '../intacct/query.js';
import type { Stream } from './stream.js';

/** The field that names a record's owning entity; a few objects do not have it. */
export const OWNER_FIELD = 'MEGAENTITYID';

export interface IntacctRecord {
  readonly key: string;
  /** Null: created and never touched since. */
  readonly modifiedAtMs: number | null;
  /** Audit time; null where Intacct does not tell. Never both null. */
  readonly createdAtMs: number | null;
  /** Owning entity; null when shared. */
  readonly owner: string | null;
  readonly row: Row;
}

export const REJECT_REASONS = [
  'missing_key',
  'missing_time',
  'unreadable_modified_time',
  'unreadable_created_time',
  'illegal_characters',
] as const;
export type RejectReason = (typeof REJECT_REASONS)[number];

export interface RejectedRow {
  readonly reason: RejectReason;
  readonly key: string | null;
  /** Tells one rejected row from another without keeping it. */
  readonly fingerprint: string;
}

/** Epoch milliseconds; null for absent or unknown (Intacct writes 1970-01-01); undefined for text that is no instant. */
export type ParseInstant = (text: string | null) => number | null | undefined;

export type ReadRow = { readonly record: IntacctRecord } | { readonly rejected: RejectedRow };

/** A row becomes a record, or a reason why not. Values are never changed. */
export function readRow(stream: Stream, row: Row, parseInstant: ParseInstant): ReadRow {
  const key = row[stream.keyField] ?? null;
  const reject = (reason: RejectReason): ReadRow => ({
    rejected: { reason, key, fingerprint: contentHash(row, []) },
  });
  if (key === null || key.trim() === '') return reject('missing_key');
  if (Object.values(row).some((value) => value?.includes(GARBLED))) return reject('illegal_characters');
  const modifiedAtMs = parseInstant(row[stream.modifiedField] ?? null);
  if (modifiedAtMs === undefined) return reject('unreadable_modified_time');
  const createdAtMs = stream.createdField === null ? null : parseInstant(row[stream.createdField] ?? null);
  if (createdAtMs === undefined) return reject('unreadable_created_time');
  if (modifiedAtMs === null && createdAtMs === null) return reject('missing_time');
  return { record: { key, modifiedAtMs, createdAtMs, owner: row[OWNER_FIELD] ?? null, row } };
}

/** The instant that places a record in a window: modified, or created where it was never modified. */
export function stampMs(record: IntacctRecord): number {
  return record.modifiedAtMs ?? record.createdAtMs ?? 0;
}

/** Hash bits of a version: two edits of one record within one second collide once in 2^48. */
const HASH_CHARS = 8;

/** Version of a record: its stamp and a short hash of its content, so that a second edit within one second is a version of its own. */
export interface Version {
  readonly stampMs: number;
  readonly hash: string;
}

export function versionOf(stream: Stream, record: IntacctRecord, order = new FieldOrder()): Version {
  return { stampMs: stampMs(record), hash: contentHash(record.row, stream.ignoreFields, order) };
}

/** The fields of a row, sorted. Remembered from row to row: those of one page have the same fields in the same order. */
export class FieldOrder {
  #fields: readonly string[] = [];
  #sorted: readonly string[] = [];

  of(row: Row): readonly string[] {
    const fields = Object.keys(row);
    const isKnown = fields.length === this.#fields.length && fields.every((field, at) => field === this.#fields[at]);
    if (!isKnown) {
      this.#fields = fields;
      this.#sorted = fields.toSorted();
    }
    return this.#sorted;
  }
}

/**
 * Order of fields and absent values do not count: a field that an administrator adds later, empty on this record, makes no new
 * version. Line ends are one: XML does not tell them apart.
 */
function contentHash(row: Row, ignoreFields: readonly string[], order = new FieldOrder()): string {
  let content = '';
  for (const field of order.of(row)) {
    const value = row[field];
    if (value === null || value === undefined || ignoreFields.includes(field)) continue;
    content += `${field}\u0000${value.includes('\r') ? value.replaceAll('\r\n', '\n') : value}\u0001`;
  }
  return createHash('sha256').update(content).digest('base64url').slice(0, HASH_CHARS);
}
