/** Data types as `lookup` names them. */
export type DataType =
  | 'TEXT'
  | 'INTEGER'
  | 'BOOLEAN'
  | 'DATE'
  | 'TIMESTAMP'
  | 'ENUM'
  | 'DECIMAL'
  | 'CURRENCY'
  | 'PERCENT'
  | 'SEQUENCE';

export interface FieldDefinition {
  readonly id: string;
  readonly dataType: DataType;
  readonly readOnly: boolean;
  readonly required: boolean;
  readonly custom: boolean;
  readonly validValues: readonly string[];
  /** Sage's `lookup` lists some fields that `query` then refuses. */
  readonly refusedByQuery: boolean;
}

/** A relation to one record of another object; its fields are selectable with a dot, as in VENDOR.NAME. */
export interface Relation {
  readonly name: string;
  readonly object: string;
  /** The field here and the field there that hold the same value. */
  readonly by: string;
  readonly to: string;
}

export interface ObjectDefinition {
  readonly name: string;
  /** RECORDNO, or id on Platform Services objects. */
  readonly key: string;
  readonly modifiedField: string;
  /** The audit timestamp of creation; on AP, AR and order documents WHENCREATED is a date typed by the user instead. */
  readonly createdField: string;
  readonly times: 'stamp' | 'iso';
  readonly firstKey: number;
  /** Filled on creation when the caller does not give it: a field and the prefix of its running number. */
  readonly naturalKey: { readonly field: string; readonly prefix: string } | null;
  /** Values of a record that says nothing about them. */
  readonly defaults: Readonly<Record<string, string>>;
  readonly fields: readonly FieldDefinition[];
  readonly relations: readonly Relation[];
}

export interface ObjectOptions {
  readonly key?: string;
  readonly modifiedField?: string;
  readonly createdField?: string;
  readonly times?: 'stamp' | 'iso';
  readonly firstKey?: number;
  readonly naturalKey?: { readonly field: string; readonly prefix: string };
  readonly defaults?: Readonly<Record<string, string>>;
  readonly relations?: readonly Relation[];
  /** DEPARTMENT and LOCATION have no owning entity in their fields. */
  readonly withoutEntity?: boolean;
}

const TYPES: Readonly<Record<string, DataType>> = {
  text: 'TEXT',
  int: 'INTEGER',
  bool: 'BOOLEAN',
  date: 'DATE',
  stamp: 'TIMESTAMP',
  enum: 'ENUM',
  dec: 'DECIMAL',
  cur: 'CURRENCY',
  pct: 'PERCENT',
  seq: 'SEQUENCE',
};

const READ_ONLY = new Set([
  'RECORDNO',
  'id',
  'WHENMODIFIED',
  'AUWHENCREATED',
  'CREATEDBY',
  'MODIFIEDBY',
  'MEGAENTITYKEY',
  'MEGAENTITYID',
  'MEGAENTITYNAME',
]);

/**
 * One line per object: `NAME:text STATUS:enum(active,inactive) TOTALDUE:cur! ...`. Without a type a field is text; `!` marks a field
 * that `lookup` lists and `query` refuses; names beginning with a lower-case `c_` or ending in `__c` are custom.
 */
export function defineObject(name: string, fieldList: string, options: ObjectOptions = {}): ObjectDefinition {
  const entityFields = options.withoutEntity === true ? '' : ' MEGAENTITYKEY:int MEGAENTITYID:text MEGAENTITYNAME:text';
  const fields = `${fieldList}${entityFields}`
    .split(/\s+/)
    .filter((word) => word !== '')
    .map(parseField);
  return {
    name,
    key: options.key ?? 'RECORDNO',
    modifiedField: options.modifiedField ?? 'WHENMODIFIED',
    createdField: options.createdField ?? 'WHENCREATED',
    times: options.times ?? 'stamp',
    firstKey: options.firstKey ?? 1,
    naturalKey: options.naturalKey ?? null,
    defaults: options.defaults ?? {},
    relations: options.relations ?? [],
    fields,
  };
}

export function parseField(word: string): FieldDefinition {
  const parts = /^([^:!]+)(?::([a-z]+)(?:\(([^)]*)\))?)?(!)?$/.exec(word);
  const dataType = TYPES[parts?.[2] ?? 'text'];
  const id = parts?.[1];
  if (id === undefined || dataType === undefined) throw new TypeError(`"${word}" is not a field like NAME:text`);
  return {
    id,
    dataType,
    readOnly: READ_ONLY.has(id),
    required: false,
    custom: id.startsWith('c_') || id.endsWith('__c'),
    validValues: parts?.[3]?.split(',') ?? [],
    refusedByQuery: parts?.[4] === '!',
  };
}
