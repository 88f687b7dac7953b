import { MAX_PAGE_SIZE } from '../../worker/core/page-query.js';
import type { Page, Query, Row } from '../../worker/intacct/query.js';
import type { SimulatedTime } from './clock.js';
import { collate, matches, orderRows, type StoredRow } from './evaluate.js';
import type { Setting } from './story.js';

/** One version of a record. It exists from its stamp on, and can be seen from `visibleAtMs` (true time) on. */
export interface RecordVersion {
  /** Unique in the company; the row shows it, so that every event names its version. */
  readonly no: number;
  readonly record: CompanyRecord;
  /** Place in the history of the record. */
  readonly index: number;
  readonly stampMs: number;
  readonly visibleAtMs: number;
  /** Null: shared. */
  readonly owner: string | null;
  readonly deleted: boolean;
  readonly stored: StoredRow;
}

export interface CompanyRecord {
  readonly object: string;
  readonly key: string;
  readonly createdAtMs: number;
  readonly versions: RecordVersion[];
}

interface Change {
  readonly owner: string | null;
  readonly lateMs: number;
  readonly deleted?: boolean;
}

/** The company: records, the transactions that change them, and the queries that show them. */
export class SimulatedCompany {
  readonly records: CompanyRecord[] = [];
  readonly #time: SimulatedTime;
  readonly #setting: Setting;
  readonly #versions: RecordVersion[] = [];
  #queries = 0;

  constructor(time: SimulatedTime, setting: Setting) {
    this.#time = time;
    this.#setting = setting;
  }

  /** With a stamp of its own it is a record that has been there since then. */
  create(object: string, change: Change, stampMs = this.#time.stampMs()): void {
    const no = this.records.length + 1;
    const key = this.#setting.textKeys ? `${no % 2 === 0 ? 'k' : 'K'}${no}` : String(no + 7);
    const record = { object, key, createdAtMs: stampMs, versions: [] };
    this.records.push(record);
    this.#add(record, stampMs, change, !this.#setting.nullModified);
  }

  /** False when another transaction holds the record, or it is gone. */
  change(record: CompanyRecord, change: Change): boolean {
    const latest = record.versions.at(-1);
    if (latest === undefined || latest.deleted || latest.visibleAtMs > this.#time.nowMs) return false;
    const stampMs = this.#time.stampMs();
    // Nothing in a row tells which of two edits within one second came first when a replica shows them in turn.
    if (this.#setting.replicaLagMs > 0 && stampMs === latest.stampMs) return false;
    this.#add(record, stampMs, change, true);
    return true;
  }

  current(record: CompanyRecord, asOfMs: number): RecordVersion | undefined {
    return record.versions.findLast((version) => version.visibleAtMs <= asOfMs);
  }

  version(no: number): RecordVersion | undefined {
    return this.#versions[no - 1];
  }

  get lastVisibleAtMs(): number {
    return Math.max(0, ...this.records.map((record) => record.versions.at(-1)?.visibleAtMs ?? 0));
  }

  /** One consistent look at the company, from the session of a location. */
  query(location: string | null, query: Query): Page {
    this.#queries += 1;
    const asOfMs = this.#time.nowMs - (this.#queries % 3 === 0 ? this.#setting.replicaLagMs : 0);
    const rows: StoredRow[] = [];
    for (const record of this.records) {
      if (record.object !== query.object) continue;
      const version = this.current(record, asOfMs);
      if (version === undefined || version.deleted) continue;
      const inSession =
        version.owner === null || (location === null ? query.showPrivate === true : version.owner === location);
      if (inSession && (query.filter === undefined || matches(query.filter, version.stored))) rows.push(version.stored);
    }
    const { secondKey, nullsFirst, salt, pageCap } = this.#setting;
    const ties = secondKey ? 0 : salt + this.#queries;
    const ordered = orderRows(rows, query.orderBy ?? [], { nullsFirst, shuffleTies: ties });
    // `offset` is a word of Sage's that the worker does without.
    const offset = (query as { readonly offset?: number }).offset ?? 0;
    const page = ordered.slice(offset, offset + Math.min(query.pageSize, MAX_PAGE_SIZE, pageCap));
    return {
      rows: page.map((stored) => select(stored.row, query.select)),
      remaining: Math.max(0, ordered.length - offset - page.length),
    };
  }

  #trueMs(serverMs: number): number {
    return this.#time.nowMs - (this.#time.serverAt(this.#time.nowMs) - serverMs);
  }

  #add(record: CompanyRecord, stampMs: number, { owner, lateMs, deleted = false }: Change, touched: boolean): void {
    const no = this.#versions.length + 1;
    const modifiedAtMs = touched ? stampMs : null;
    const documentDateMs = record.createdAtMs + (((record.createdAtMs / 1000) % 5) - 2) * 86_400_000;
    const version: RecordVersion = {
      no,
      record,
      index: record.versions.length,
      stampMs,
      visibleAtMs:
        stampMs < this.#time.stampMs() ? stampMs : Math.max(this.#time.nowMs, this.#trueMs(stampMs) + lateMs),
      owner,
      deleted,
      stored: {
        no,
        collated: collate(record.key),
        times: { WHENMODIFIED: modifiedAtMs, AUWHENCREATED: record.createdAtMs, WHENCREATED: documentDateMs },
        row: {
          RECORDNO: record.key,
          WHENMODIFIED: modifiedAtMs === null ? null : stamp(modifiedAtMs),
          AUWHENCREATED: stamp(record.createdAtMs),
          WHENCREATED: stamp(documentDateMs),
          MEGAENTITYID: owner,
          VERSION: String(no),
        },
      },
    };
    record.versions.push(version);
    this.#versions.push(version);
  }
}

function select(row: Row, fields: readonly string[]): Row {
  const selected = Object.create(null) as Record<string, string | null>;
  for (const field of fields) selected[field] = row[field] ?? null;
  return selected;
}

/** `MM/DD/YYYY HH:MM:SS`. */
function stamp(atMs: number): string {
  const iso = new Date(atMs).toISOString();
  return `${iso.slice(5, 7)}/${iso.slice(8, 10)}/${iso.slice(0, 4)} ${iso.slice(11, 19)}`;
}
