import type { DataType, FieldDefinition } from './catalogue.js';
import type { Table, Version } from './table.js';
import { parseDate, parseStamp, type Zone } from './times.js';

/** A value in the form in which its type is compared: instants and small numbers as numbers, the rest as text. */
export type Comparable = number | bigint | string;

export type Getter = (version: Version) => Comparable | null;

const NUMERIC: ReadonlySet<DataType> = new Set(['INTEGER', 'DECIMAL', 'CURRENCY', 'PERCENT', 'SEQUENCE']);

/** Decimal places that are compared; Intacct keeps ten at most. */
const PLACES = 12;
const UNIT = 10n ** BigInt(PLACES);

/** How to read a field for comparing. The two audit times come from the stamps, not from their text, which a test may have falsified. */
export function getterOf(table: Table, field: FieldDefinition, zone: Zone): Getter {
  const { definition } = table;
  if (field.id === definition.modifiedField) return (version) => version.modifiedAtMs;
  if (field.id === definition.createdField) return (version) => version.createdAtMs;
  const position = table.position(field.id) as number;
  if (field.dataType === 'TIMESTAMP') return parsed(position, (text) => parseStamp(text, zone));
  if (field.dataType === 'DATE') return parsed(position, (text) => parseDate(text, zone));
  if (NUMERIC.has(field.dataType)) return parsed(position, decimal);
  return (version) => version.values[position] || null;
}

function parsed(position: number, parse: (text: string) => Comparable | undefined): Getter {
  return (version) => {
    const text = version.values[position];
    return text ? (parse(text) ?? null) : null;
  };
}

/** The literal of a filter in comparable form, or undefined when the field's type does not take it. */
export function literalOf(field: FieldDefinition, text: string, zone: Zone): Comparable | undefined {
  if (field.dataType === 'TIMESTAMP') return parseStamp(text, zone);
  if (field.dataType === 'DATE') return parseDate(text, zone);
  return NUMERIC.has(field.dataType) ? decimal(text) : text;
}

/** Numbers as Intacct stores them, exact at any length: a twenty-digit amount must not be rounded by the company either. */
function decimal(text: string): number | bigint | undefined {
  if (isShortDigits(text)) return Number(text);
  const parts = /^([+-]?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (parts === null) return undefined;
  const places = (parts[3] ?? '').slice(0, PLACES).padEnd(PLACES, '0');
  const scaled = BigInt(`${parts[2]}${places}`);
  const signed = parts[1] === '-' ? -scaled : scaled;
  return signed % UNIT === 0n && signed / UNIT <= 999_999_999n && signed >= 0n ? Number(signed / UNIT) : signed;
}

/** Nearly every number compared is a short record number; this path keeps sorting a large table cheap. */
function isShortDigits(text: string): boolean {
  if (text.length > 9 || text.length === 0) return false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 48 || code > 57) return false;
  }
  return true;
}

export function compare(a: Comparable, b: Comparable): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' || typeof b === 'string') return a < b ? -1 : Number(a > b);
  const [left, right] = [scaledOf(a), scaledOf(b)];
  return left < right ? -1 : Number(left > right);
}

function scaledOf(value: number | bigint): bigint {
  return typeof value === 'bigint' ? value : BigInt(value) * UNIT;
}
