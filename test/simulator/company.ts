import { type ObjectDefinition, parseField } from './catalogue.js';
import { STANDARD_OBJECTS } from './catalogue-objects.js';
import type { SimClock } from './clock.js';
import { Table, type Version } from './table.js';
import { floorToSecond, formatDate, formatIso, formatStamp, type Zone } from './times.js';

export type Values = Readonly<Record<string, string | null>>;

/** A record as callers see it: every field of its object, as text. */
export interface SimRecord {
  readonly object: string;
  readonly key: string;
  readonly entity: string | null;
  readonly modifiedAtMs: number | null;
  readonly createdAtMs: number;
  readonly visibleAtMs: number;
  readonly values: Values;
}

export interface WriteOptions {
  /** Readers see the write this much later, though it is stamped now: a transaction that commits late. */
  readonly visibleAfterMs?: number;
  /** The stamp to use instead of now. Whole seconds, as everywhere in Intacct. */
  readonly stampedAtMs?: number;
}

export interface CreateOptions extends WriteOptions {
  /** The owning entity; absent or null means shared. */
  readonly entity?: string | null;
  /** False leaves WHENMODIFIED empty, as seen on records created and never touched since. */
  readonly modifiedOnCreate?: boolean;
}

export interface UpdateOptions extends WriteOptions {
  /** False changes values without a new stamp, as computed fields do. */
  readonly touch?: boolean;
}

export interface Entity {
  readonly id: string;
  readonly name: string;
  readonly key: string;
}

/** The books of one company: objects, records, entities. It checks nothing of the API; that is for those who read it. */
export class Company {
  readonly #tables = new Map<string, Table>();
  readonly #entities = new Map<string, Entity>();
  /** Objects that the user may not read, upper case; `lookup` ignores this, as Sage's does. */
  readonly denied = new Set<string>();

  constructor(
    readonly clock: SimClock,
    readonly zone: Zone,
  ) {
    for (const definition of STANDARD_OBJECTS) this.define(definition);
  }

  define(definition: ObjectDefinition): void {
    this.#tables.set(definition.name.toUpperCase(), new Table(definition));
  }

  /** Adds a field to an object that has no records yet, in the notation of the catalogue: `c_REGION:text`. */
  addField(object: string, field: string): void {
    const { definition, rows } = this.table(object);
    if (rows.size > 0) throw new TypeError(`${object} has records already; add fields first`);
    this.define({ ...definition, fields: [...definition.fields, parseField(field)] });
  }

  addEntity(id: string, name: string): Entity {
    const record = this.create('LOCATIONENTITY', { LOCATIONID: id, NAME: name });
    const entity = { id, name, key: record.key };
    this.#entities.set(id, entity);
    return entity;
  }

  get entities(): readonly Entity[] {
    return [...this.#entities.values()];
  }

  hasEntity(id: string): boolean {
    return this.#entities.has(id);
  }

  findTable(object: string): Table | undefined {
    return this.#tables.get(object.toUpperCase());
  }

  table(object: string): Table {
    const table = this.findTable(object);
    if (table === undefined) throw new TypeError(`${object} is not an object of this company`);
    return table;
  }

  create(object: string, values: Values = {}, options: CreateOptions = {}): SimRecord {
    const table = this.table(object);
    return toRecord(table, this.#insert(table, values, options));
  }

  /** Many records at once and without building the answer: a hundred thousand in about a second. */
  bulk(
    object: string,
    count: number,
    valuesOf: (index: number) => Values,
    options: CreateOptions | ((index: number) => CreateOptions) = {},
  ): void {
    const table = this.table(object);
    for (let index = 0; index < count; index += 1) {
      this.#insert(table, valuesOf(index), typeof options === 'function' ? options(index) : options);
    }
  }

  update(object: string, key: string, changes: Values, options: UpdateOptions = {}): SimRecord {
    const table = this.table(object);
    const row = table.rows.get(key);
    const before = row?.current ?? null;
    if (row === undefined || before === null) throw new TypeError(`${object} ${key} does not exist`);
    const stampMs =
      options.touch === false ? before.modifiedAtMs : floorToSecond(options.stampedAtMs ?? this.clock.now());
    const values = [...before.values];
    if (options.touch !== false) this.#stamp(table, values, 'modified', stampMs as number);
    assign(table, values, changes);
    return toRecord(table, table.write(row, this.#state(values, stampMs, before.createdAtMs, options)));
  }

  remove(object: string, key: string): void {
    if (!this.table(object).remove(key)) throw new TypeError(`${object} ${key} does not exist`);
  }

  /** The newest version of every record, also of those that readers do not see yet. */
  current(object: string): SimRecord[] {
    const table = this.table(object);
    return [...table.rows.values()].flatMap((row) => (row.current === null ? [] : [toRecord(table, row.current)]));
  }

  find(object: string, key: string): SimRecord | undefined {
    const table = this.table(object);
    const version = table.rows.get(key)?.current ?? null;
    return version === null ? undefined : toRecord(table, version);
  }

  #insert(table: Table, given: Values, options: CreateOptions): Version {
    const { definition } = table;
    const entity = options.entity ?? null;
    const owner = entity === null ? undefined : this.#entities.get(entity);
    if (entity !== null && owner === undefined) throw new TypeError(`${entity} is not an entity of this company`);
    const shownKey = given[definition.key];
    const number = shownKey === undefined ? table.takeKey() : shownKey;
    const row = table.add(addressOf(table, number), entity);
    const createdAtMs = floorToSecond(options.stampedAtMs ?? this.clock.now());
    const values = new Array<string | null>(definition.fields.length).fill(null);
    const modifiedAtMs = options.modifiedOnCreate === false ? null : createdAtMs;
    this.#stamp(table, values, 'created', createdAtMs);
    if (modifiedAtMs !== null) this.#stamp(table, values, 'modified', modifiedAtMs);
    assign(table, values, definition.defaults);
    put(table, values, definition.key, number);
    const natural = definition.naturalKey;
    if (natural !== null) put(table, values, natural.field, `${natural.prefix}${row.key.padStart(5, '0')}`);
    put(table, values, 'MEGAENTITYKEY', owner?.key ?? null);
    put(table, values, 'MEGAENTITYID', owner?.id ?? null);
    put(table, values, 'MEGAENTITYNAME', owner?.name ?? null);
    assign(table, values, given);
    return table.write(row, this.#state(values, modifiedAtMs, createdAtMs, options));
  }

  #state(
    values: readonly (string | null)[],
    modifiedAtMs: number | null,
    createdAtMs: number,
    options: WriteOptions,
  ): Omit<Version, 'row' | 'previous'> {
    const nowMs = this.clock.now();
    const delayMs = options.visibleAfterMs ?? 0;
    return { values, modifiedAtMs, createdAtMs, writtenAtMs: nowMs, visibleAtMs: delayMs > 0 ? nowMs + delayMs : 0 };
  }

  /** Writes the stamps that Intacct sets by itself; a document's WHENCREATED only stands in for the date its user would type. */
  #stamp(table: Table, values: (string | null)[], kind: 'created' | 'modified', atMs: number): void {
    const { createdField, modifiedField, times } = table.definition;
    const text = times === 'iso' ? formatIso(atMs, this.zone).replace('+00:00', 'Z') : formatStamp(atMs, this.zone);
    put(table, values, kind === 'created' ? createdField : modifiedField, text);
    if (kind === 'created' && createdField !== 'WHENCREATED')
      put(table, values, 'WHENCREATED', formatDate(atMs, this.zone));
    if (kind === 'modified') put(table, values, 'MODIFIED', formatDate(atMs, this.zone));
  }
}

/** Callers may show any key, also an empty or repeated one; such a record is then addressed by a number of its own. */
function addressOf(table: Table, shownKey: string | null): string {
  if (shownKey !== null && shownKey !== '' && !table.rows.has(shownKey)) return shownKey;
  return `#${table.rows.size}`;
}

function put(table: Table, values: (string | null)[], field: string, text: string | null): void {
  const position = table.position(field);
  if (position !== undefined) values[position] = text;
}

function assign(table: Table, values: (string | null)[], given: Values): void {
  for (const field in given) {
    const position = table.position(field);
    if (position === undefined) throw new TypeError(`${field} is not a field of ${table.definition.name}`);
    values[position] = given[field] ?? null;
  }
}

function toRecord(table: Table, version: Version): SimRecord {
  const values: Record<string, string | null> = Object.create(null) as Record<string, string | null>;
  table.definition.fields.forEach((field, position) => {
    values[field.id] = version.values[position] ?? null;
  });
  const { key, entity } = version.row;
  const { modifiedAtMs, createdAtMs, visibleAtMs } = version;
  return { object: table.definition.name, key, entity, modifiedAtMs, createdAtMs, visibleAtMs, values };
}
