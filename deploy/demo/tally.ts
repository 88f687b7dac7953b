import { createHash } from 'node:crypto';
import type { EventRecord, TriggerEvent } from '../../shared/index.js';
import type { Company, SimRecord } from '../../test/simulator/company.js';

export interface Balance {
  /** Creations and updates in the company. */
  readonly changes: number;
  readonly events: number;
  /** Records whose present version has not reached the consumer. */
  readonly missing: number;
  /** Events whose version had arrived before. */
  readonly twice: number;
}

interface Received {
  readonly latest: EventRecord;
  readonly versions: Set<string>;
}

/** Of changes to one record only the last ones are remembered, to tell how long each took. */
const REMEMBERED_CHANGES = 5;

/** Keeps the books of both ends: what happened in the company, and what the consumer got. It trusts neither ids nor counters. */
export class Tally {
  readonly #changes = new Map<string, { readonly record: SimRecord; readonly atMs: number }[]>();
  readonly #received = new Map<string, Received>();
  #changeCount = 0;
  #eventCount = 0;
  #twice = 0;

  changed(record: SimRecord, atMs: number): void {
    this.#changeCount += 1;
    const name = `${record.object}/${record.key}`;
    this.#changes.set(name, [...(this.#changes.get(name) ?? []).slice(1 - REMEMBERED_CHANGES), { record, atMs }]);
  }

  /** Answers when this very version was made, or undefined where nobody knows. */
  arrived({ data: { object, key, record } }: TriggerEvent): number | undefined {
    this.#eventCount += 1;
    const name = `${object}/${key}`;
    const versions = this.#received.get(name)?.versions ?? new Set();
    const version = fingerprint(record);
    if (versions.has(version)) this.#twice += 1;
    this.#received.set(name, { latest: record, versions: versions.add(version) });
    return this.#changes.get(name)?.find((change) => holds(change.record, record))?.atMs;
  }

  /** Compares every record that was changed, as the company holds it now, with the last the consumer heard of it. */
  balance(company: Company): Balance {
    let missing = 0;
    for (const [name, changes] of this.#changes) {
      const { object, key } = (changes[0] as (typeof changes)[number]).record;
      const current = company.find(object, key);
      const received = this.#received.get(name);
      if (current !== undefined && (received === undefined || !holds(current, received.latest))) missing += 1;
    }
    return { changes: this.#changeCount, events: this.#eventCount, missing, twice: this.#twice };
  }
}

function fingerprint(record: EventRecord): string {
  return createHash('sha256')
    .update(JSON.stringify(Object.entries(record).sort()))
    .digest('base64');
}

/** An event lacks the few fields that Intacct refuses to query; what it has must be the company's text, to the letter. */
function holds({ values }: SimRecord, record: EventRecord): boolean {
  return Object.entries(record).every(([field, text]) => (values[field] ?? null) === text);
}
