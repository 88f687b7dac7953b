import type { ObjectDefinition } from './catalogue.js';
import { TimeIndex } from './time-index.js';

/** One state of a record. Values stand in the order of the definition's fields, which makes rendering a page a plain loop. */
export interface Version {
  readonly row: Row;
  readonly values: readonly (string | null)[];
  /** Whole seconds. Null when Intacct would show no WHENMODIFIED: created and never touched since. */
  readonly modifiedAtMs: number | null;
  readonly createdAtMs: number;
  /** When it was written by the company's clock; what a stale replica has not yet seen. */
  readonly writtenAtMs: number;
  /** From when on readers see it; earlier they see the version before. Zero means at once, whatever the clock does later. */
  readonly visibleAtMs: number;
  readonly previous: Version | null;
}

/** A record through its life. */
export interface Row {
  readonly id: number;
  /** The key as text; what callers address it by. */
  readonly key: string;
  readonly entity: string | null;
  current: Version | null;
}

/** From where a reader looks: the company's clock, and how far behind its replica is. */
export interface View {
  readonly nowMs: number;
  readonly staleMs: number;
}

/** Enough history for a late or stale reader; more would only cost memory in long runs. */
const KEPT_VERSIONS = 8;

/** All records of one object, indexed by modified and created time so that a poll of two hundred thousand rows stays cheap. */
export class Table {
  readonly rows = new Map<string, Row>();
  readonly modified = new TimeIndex<Version>((version) => version.modifiedAtMs, isRemembered);
  readonly created = new TimeIndex<Version>((version) => version.createdAtMs, isRemembered);
  readonly untouched = new Set<Version>();
  readonly #positions: ReadonlyMap<string, number>;
  #nextId = 0;
  #nextKey: number;

  constructor(readonly definition: ObjectDefinition) {
    this.#positions = new Map(definition.fields.map((field, position) => [field.id, position]));
    this.#nextKey = definition.firstKey;
  }

  position(field: string): number | undefined {
    return this.#positions.get(field);
  }

  takeKey(): string {
    while (this.rows.has(String(this.#nextKey))) this.#nextKey += 1;
    const key = String(this.#nextKey);
    this.#nextKey += 1;
    return key;
  }

  add(key: string, entity: string | null): Row {
    if (this.rows.has(key)) throw new TypeError(`${this.definition.name} ${key} exists already`);
    const row: Row = { id: this.#nextId, key, entity, current: null };
    this.#nextId += 1;
    this.rows.set(key, row);
    return row;
  }

  write(row: Row, state: Omit<Version, 'row' | 'previous'>): Version {
    const version: Version = { ...state, row, previous: row.current };
    row.current = version;
    this.#forgetOldest(version);
    if (version.modifiedAtMs === null) this.untouched.add(version);
    else this.modified.add(version);
    this.created.add(version);
    return version;
  }

  remove(key: string): boolean {
    const row = this.rows.get(key);
    if (row === undefined) return false;
    this.rows.delete(key);
    for (let version = row.current; version !== null; version = version.previous) this.untouched.delete(version);
    row.current = null;
    return true;
  }

  #forgetOldest(newest: Version): void {
    let version: Version = newest;
    for (let depth = 1; depth < KEPT_VERSIONS; depth += 1) {
      if (version.previous === null) return;
      version = version.previous;
    }
    for (let old = version.previous; old !== null; old = old.previous) this.untouched.delete(old);
    (version as { previous: Version | null }).previous = null;
  }
}

/** The version of a record that a reader sees, or null when there is none yet. */
export function visibleVersion(row: Row, view: View): Version | null {
  let version = row.current;
  if (version !== null && version.visibleAtMs === 0 && view.staleMs === 0) return version;
  while (version !== null && !isVisible(version, view)) version = version.previous;
  return version;
}

/** Whether the record still knows this version; indexes sweep out what no reader can want. */
function isRemembered(version: Version): boolean {
  for (let known = version.row.current; known !== null; known = known.previous) if (known === version) return true;
  return false;
}

function isVisible(version: Version, view: View): boolean {
  if (version.visibleAtMs !== 0 && version.visibleAtMs > view.nowMs) return false;
  return view.staleMs === 0 || version.writtenAtMs <= view.nowMs - view.staleMs;
}
