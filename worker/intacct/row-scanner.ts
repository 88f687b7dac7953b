import type { Row } from './query.js';
import { decodeReferences } from './xml-text.js';

/**
 * The rows of a page are flat and make up nearly all of it. Read here in one strict pass, a full page (2,000 rows of 44 fields)
 * blocks the event loop for 36 ms instead of the 420 of validator and general parser. Anything but
 * `<ROW><FIELD>text</FIELD><FIELD/>…</ROW>` makes the scanner give up, never guess: the general parser then decides.
 */
export interface ScannedRows {
  readonly rows: readonly Row[];
  /** Where `</data>` begins. */
  readonly end: number;
}

const NAME = /^[A-Za-z_][\w.-]*$/;
const LESS_THAN = 60;
const SLASH = 47;

/** @param from just after the `>` of the opening data tag. The text must hold neither comments nor CDATA. */
export function scanRows(xml: string, from: number): ScannedRows | undefined {
  const rows: Row[] = [];
  const known = new Set<string>();
  const values: (string | null)[] = [];
  let fields: readonly string[] = [];
  let toRow = rowsOf(fields);
  let at = skipBlanks(xml, from);
  while (!xml.startsWith('</data>', at)) {
    const rowName = nameAt(xml, at, known);
    if (rowName === undefined || rowName.endsWith('/')) return undefined;
    values.length = 0;
    /** Of this row, once it is seen not to have the fields of the row before it. */
    let others: string[] | undefined;
    at = skipBlanks(xml, at + rowName.length + 2);
    while (xml.charCodeAt(at + 1) !== SLASH) {
      const tag = nameAt(xml, at, known);
      if (tag === undefined) return undefined;
      const isEmpty = tag.endsWith('/');
      const name = isEmpty ? tag.slice(0, -1) : tag;
      if (name !== fields[values.length]) others ??= fields.slice(0, values.length);
      others?.push(name);
      const valueAt = at + tag.length + 2;
      if (isEmpty) {
        values.push(null);
        at = skipBlanks(xml, valueAt);
        continue;
      }
      const valueEnd = xml.indexOf('<', valueAt);
      if (valueEnd === -1 || !closes(xml, name, valueEnd)) return undefined;
      try {
        values.push(valueEnd === valueAt ? null : decodeReferences(xml.slice(valueAt, valueEnd)));
      } catch {
        return undefined;
      }
      at = skipBlanks(xml, valueEnd + name.length + 3);
    }
    if (!closes(xml, rowName, at)) return undefined;
    if (others !== undefined || values.length < fields.length) {
      fields = others ?? fields.slice(0, values.length);
      toRow = rowsOf(fields);
    }
    rows.push(toRow(values));
    at = skipBlanks(xml, at + rowName.length + 3);
  }
  return { rows, end: at };
}

/**
 * Rows with these fields, made from their values. To the engine an object without a prototype that grows field by field is a hash
 * table, eight times as large, which slows down all that is done with it later; the copy of a finished one is not.
 */
function rowsOf(fields: readonly string[]): (values: readonly (string | null)[]) => Row {
  // Read as JSON `__proto__` is a field like any other.
  const blank: object = JSON.parse(`{${fields.map((field) => `${JSON.stringify(field)}:null`).join(',')}}`);
  return (values) => {
    const row: Record<string, string | null> = Object.setPrototypeOf({ ...blank }, null);
    for (const [position, field] of fields.entries()) row[field] = values[position] ?? null;
    return row;
  };
}

/** The name of the opening tag at this place, with its `/` when it closes itself; undefined for a tag with anything more. */
function nameAt(xml: string, at: number, known: Set<string>): string | undefined {
  if (xml.charCodeAt(at) !== LESS_THAN) return undefined;
  const end = xml.indexOf('>', at);
  if (end === -1) return undefined;
  const name = xml.slice(at + 1, end);
  if (known.has(name)) return name;
  if (!NAME.test(name.endsWith('/') ? name.slice(0, -1) : name)) return undefined;
  known.add(name);
  return name;
}

function closes(xml: string, name: string, at: number): boolean {
  return xml.startsWith('</', at) && xml.startsWith(name, at + 2) && xml.charCodeAt(at + 2 + name.length) === 62;
}

function skipBlanks(xml: string, from: number): number {
  let at = from;
  for (;;) {
    const code = xml.charCodeAt(at);
    if (code !== 32 && code !== 10 && code !== 9 && code !== 13) return at;
    at++;
  }
}
