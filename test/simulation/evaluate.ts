import { floorToSecond } from '../../worker/core/instant.js';
import type { Comparison, Filter, Row } from '../../worker/intacct/query.js';

/** A row as the server keeps it. */
export interface StoredRow {
  readonly no: number;
  readonly row: Row;
  readonly times: Readonly<Record<string, number | null>>;
  /** The key in a form whose order as text (or number) is the order of the server. */
  readonly collated: number | string;
}

/** Numbers by value; text without regard to case, as many collations do: an order that plain comparison does not give. */
export function collate(key: string): number | string {
  return /^\d+$/.test(key) ? Number(key) : key.toLowerCase();
}

/** What a database makes of a filter: a comparison with null is never true. */
export function matches(filter: Filter, stored: StoredRow): boolean {
  if ('and' in filter) return filter.and.every((child) => matches(child, stored));
  if ('or' in filter) return filter.or.some((child) => matches(child, stored));
  if ('isNull' in filter) return (cellOf(stored, filter.field) === null) === filter.isNull;
  if ('in' in filter) return filter.in.includes(stored.row[filter.field] ?? '');
  const value = cellOf(stored, filter.field);
  if (value === null) return false;
  if (typeof filter.value !== 'string') return compare(value, filter.is, floorToSecond(filter.value.atMs));
  return compare(value, filter.is, filter.field === 'RECORDNO' ? collate(filter.value) : filter.value);
}

export interface RowOrder {
  readonly nullsFirst: boolean;
  /** 0: the second key is honoured. Else rows that are equal by the first come in an order of this number's choice. */
  readonly shuffleTies: number;
}

export function orderRows(rows: readonly StoredRow[], orderBy: readonly string[], order: RowOrder): StoredRow[] {
  const fields = order.shuffleTies === 0 ? orderBy : orderBy.slice(0, 1);
  return [...rows].sort((a, b) => {
    for (const field of fields) {
      const [left, right] = [cellOf(a, field), cellOf(b, field)];
      if (left === right) continue;
      if (left === null || right === null) return (left === null) === order.nullsFirst ? -1 : 1;
      return left < right ? -1 : 1;
    }
    return shuffled(a.no, order.shuffleTies) - shuffled(b.no, order.shuffleTies);
  });
}

function cellOf(stored: StoredRow, field: string): number | string | null {
  if (field === 'RECORDNO') return stored.collated;
  if (field in stored.times) return stored.times[field] ?? null;
  return stored.row[field] ?? null;
}

function compare(a: number | string, is: Comparison, b: number | string): boolean {
  switch (is) {
    case '=':
      return a === b;
    case '!=':
      return a !== b;
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
  }
}

function shuffled(no: number, by: number): number {
  return Math.imul(no + by * 31, 0x9e3779b1) >>> 0;
}
