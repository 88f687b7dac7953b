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
  let at = skipBlanks(xml, from);
  while (!xml.startsWith('</data>', at)) {
    const rowName = nameAt(xml, at, known);
    if (rowName === undefined || rowName.endsWith('/')) return undefined;
    const row: Record<string, string | null> = Object.create(null);
    at = skipBlanks(xml, at + rowName.length + 2);
    while (xml.charCodeAt(at + 1) !== SLASH) {
      const name = nameAt(xml, at, known);
      if (name === undefined) return undefined;
      const valueAt = at + name.length + 2;
      if (name.endsWith('/')) {
        row[name.slice(0, -1)] = null;
        at = skipBlanks(xml, valueAt);
        continue;
      }
      const valueEnd = xml.indexOf('<', valueAt);
      if (valueEnd === -1 || !closes(xml, name, valueEnd)) return undefined;
      try {
        row[name] = valueEnd === valueAt ? null : decodeReferences(xml.slice(valueAt, valueEnd));
      } catch {
        return undefined;
      }
      at = skipBlanks(xml, valueEnd + name.length + 3);
    }
    if (!closes(xml, rowName, at)) return undefined;
    rows.push(row);
    at = skipBlanks(xml, at + rowName.length + 3);
  }
  return { rows, end: at };
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
