import type { Company, SimRecord, Values, WriteOptions } from '../simulator/company.js';
import type { Random } from '../simulator/random.js';
import { AWKWARD_TEXTS, nameOf } from '../support/worked-company.js';

/** What is watched, and the field in which each version carries its number. */
export const SERIAL_FIELDS = {
  CUSTOMER: 'COMMENTS',
  VENDOR: 'COMMENTS',
  APBILL: 'DESCRIPTION',
  PROJECT: 'DESCRIPTION',
} as const;
type WatchedObject = keyof typeof SERIAL_FIELDS;
export const OBJECTS = Object.keys(SERIAL_FIELDS) as readonly WatchedObject[];

/** Entities of the company. The last is watched by nobody but the top level. */
export const ENTITIES = { '100-US': 'US', '200-UK': 'UK', '300-DE': 'DE' } as const;

const LONG_AGO_MS = 90 * 86_400_000;
const BEAT_MS = 50;

/** One version of one record as the company holds it, or held it for a while. */
export interface Written {
  /** In the order of writing, from 0; written into the record, so that an event tells which version it is of. */
  readonly serial: number;
  readonly record: SimRecord;
  /** The record was made while it was watched: its first event is a creation. */
  readonly createdHere: boolean;
  readonly stampMs: number;
  readonly visibleAtMs: number;
  /** Stamped now and seen by readers later only. */
  readonly isLate: boolean;
  /** From when on readers see another version of the record; infinite for the present one. */
  replacedAtMs: number;
}

export interface AuthorOptions {
  readonly changesPerSecond: number;
  /** How long after its stamp a version becomes visible at most. Below SWEEP_BACK: later is a hole of the guarantee, and known. */
  readonly latestMs: number;
  /** So many records of one object within one second, so often: more than a page holds. */
  readonly bulk: { readonly rows: number; readonly everyMs: number } | null;
}

/** People at work in the company, in all the ways that connectors have lost or doubled records over. */
export class Author {
  readonly versions: Written[] = [];
  readonly #company: Company;
  readonly #random: Random;
  readonly #options: AuthorOptions;
  readonly #histories = new Map<string, Written[]>();
  readonly #names: { readonly object: WatchedObject; readonly key: string }[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(company: Company, random: Random, options: AuthorOptions) {
    this.#company = company;
    this.#random = random;
    this.#options = options;
  }

  /** Records from long before anybody watched; their next change is an update. */
  fill(count: number): void {
    const firstAtMs = this.#company.clock.now() - LONG_AGO_MS;
    for (let index = 0; index < count; index += 1) {
      const object = this.#random.pick(OBJECTS);
      const { key } = this.#company.create(
        object,
        { [nameField(object)]: 'An old one' },
        { entity: this.#entity(), modifiedOnCreate: this.#chance(0.5), stampedAtMs: firstAtMs + index * 60_000 },
      );
      this.#names.push({ object, key });
    }
  }

  start(): void {
    const { changesPerSecond, bulk } = this.#options;
    const startedAtMs = performance.now();
    let changes = 0;
    let bulks = 0;
    this.#timer = setInterval(() => {
      const elapsedMs = performance.now() - startedAtMs;
      for (; changes < (elapsedMs * changesPerSecond) / 1000; changes += 1) this.#change();
      if (bulk === null || elapsedMs < (bulks + 0.5) * bulk.everyMs) return;
      bulks += 1;
      this.#import(bulk.rows);
    }, BEAT_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** When the last version becomes visible. */
  get lastVisibleAtMs(): number {
    return this.versions.reduce((latest, { visibleAtMs }) => Math.max(latest, visibleAtMs), 0);
  }

  #change(): void {
    if (this.#chance(0.4)) this.#create(this.#random.pick(OBJECTS), this.#delay());
    else if (this.#chance(0.85)) this.#update(this.#delay());
    else {
      // Mostly within one second: two versions with one stamp.
      const again = this.#update({});
      this.#write(again.object, again.key, {});
    }
  }

  #create(object: WatchedObject, when: WriteOptions, modifiedOnCreate = this.#chance(0.7)): void {
    const values = this.#values(object);
    const record = this.#company.create(object, values, { entity: this.#entity(), modifiedOnCreate, ...when });
    this.#names.push({ object, key: record.key });
    this.#remember(record, true);
  }

  #update(when: WriteOptions): { readonly object: WatchedObject; readonly key: string } {
    // What was made a moment ago is changed most often.
    const recent = this.#chance(0.5) ? this.#names.slice(-50) : this.#names;
    const { object, key } = this.#random.pick(recent);
    this.#write(object, key, when);
    return { object, key };
  }

  #write(object: WatchedObject, key: string, when: WriteOptions): void {
    this.#remember(this.#company.update(object, key, this.#values(object), when), false);
  }

  /** An import: everything gets the stamp of one second, and nobody has touched it since, or everybody has. */
  #import(rows: number): void {
    const object = this.#random.pick(OBJECTS);
    const stampedAtMs = this.#company.clock.now();
    const modifiedOnCreate = this.#chance(0.7);
    for (let row = 0; row < rows; row += 1) this.#create(object, { stampedAtMs }, modifiedOnCreate);
  }

  #remember(record: SimRecord, isCreation: boolean): void {
    const name = nameOf(record);
    const history = this.#histories.get(name) ?? [];
    const isLate = record.visibleAtMs > 0;
    const visibleAtMs = isLate ? record.visibleAtMs : this.#company.clock.now();
    for (const earlier of history) earlier.replacedAtMs = Math.min(earlier.replacedAtMs, visibleAtMs);
    const written: Written = {
      serial: this.versions.length,
      record,
      createdHere: isCreation || (history[0]?.createdHere ?? false),
      stampMs: record.modifiedAtMs ?? record.createdAtMs,
      visibleAtMs,
      isLate,
      replacedAtMs: Number.POSITIVE_INFINITY,
    };
    history.push(written);
    this.#histories.set(name, history);
    this.versions.push(written);
  }

  #values(object: WatchedObject): Values {
    return {
      [nameField(object)]: this.#random.pick(AWKWARD_TEXTS),
      [SERIAL_FIELDS[object]]: String(this.versions.length),
      // A document's date is what somebody typed, and says nothing about when it was made.
      ...(object === 'APBILL' ? { WHENCREATED: this.#random.pick(['01/31/2019', '12/31/2031']) } : {}),
    };
  }

  #delay(): WriteOptions {
    return this.#chance(0.1) ? { visibleAfterMs: 1 + this.#random.below(this.#options.latestMs) } : {};
  }

  #entity(): string | null {
    return this.#chance(0.3) ? null : this.#random.pick(Object.keys(ENTITIES));
  }

  #chance(probability: number): boolean {
    return this.#random.next() < probability;
  }
}

function nameField(object: WatchedObject): string {
  return object === 'APBILL' ? 'DOCNUMBER' : 'NAME';
}
