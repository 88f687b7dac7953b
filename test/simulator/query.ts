import type { Company } from './company.js';
import { compare, getterOf } from './compare.js';
import { comparableField, compileFilter } from './filter.js';
import { scan } from './plan.js';
import { objectDenied, objectUnknown } from './problems.js';
import type { Order, ParsedQuery } from './query-schema.js';
import type { Random } from './random.js';
import { type Column, columnsOf } from './select.js';
import type { Table, Version, View } from './table.js';

export interface QueryQuirks {
  /** Whether Sage honours a second order key is not documented; this server then does not. */
  readonly ignoreSecondOrderKey: boolean;
  /** Rows of the page in any order, whatever was asked. */
  readonly ignoreOrder: boolean;
  /** Rows that were not asked for. */
  readonly ignoreFilter: boolean;
}

export interface Page {
  readonly object: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Version[];
  readonly total: number;
  readonly offset: number;
}

export interface Reader {
  /** The entity of the session; null at the top level. */
  readonly location: string | null;
  readonly view: View;
  readonly random: Random;
}

const NO_QUIRKS: QueryQuirks = { ignoreSecondOrderKey: false, ignoreOrder: false, ignoreFilter: false };

/** Answers one query from the company's present state. Nothing is kept between pages: with data in motion, offset pages drift. */
export function runQuery(company: Company, query: ParsedQuery, reader: Reader, quirks: QueryQuirks = NO_QUIRKS): Page {
  const table = company.findTable(query.object);
  if (table === undefined) throw objectUnknown(query.object);
  if (company.denied.has(table.definition.name.toUpperCase())) throw objectDenied(table.definition.name);
  const columns = columnsOf(company, table, query.select, reader.view);
  const found = matches(company, table, query, reader, quirks);
  const total = found.length;
  arrange(found, company, table, query, reader.random, quirks);
  const rows = found.slice(query.offset, query.offset + query.pageSize);
  return { object: table.definition.name, columns, rows, total, offset: query.offset };
}

function matches(company: Company, table: Table, query: ParsedQuery, reader: Reader, quirks: QueryQuirks): Version[] {
  const filter = quirks.ignoreFilter ? null : query.filter;
  const test =
    filter === null
      ? () => true
      : compileFilter(filter, { table, zone: company.zone, caseInsensitive: query.caseInsensitive });
  const inScope = scopeOf(reader.location, query.showPrivate);
  const found: Version[] = [];
  scan(table, filter, reader.view, company.zone, (version) => {
    if (inScope(version) && test(version)) found.push(version);
  });
  return found;
}

/** The top level hides records private to entities unless asked; an entity sees what is shared and its own. */
function scopeOf(location: string | null, showPrivate: boolean): (version: Version) => boolean {
  if (location !== null) return ({ row }) => row.entity === null || row.entity === location;
  return showPrivate ? () => true : ({ row }) => row.entity === null;
}

/** Sorts, and leaves no order where none was promised: without orderby, and among rows that the asked keys do not tell apart. */
function arrange(
  found: Version[],
  company: Company,
  table: Table,
  query: ParsedQuery,
  random: Random,
  quirks: QueryQuirks,
): void {
  const asked = query.orderBy.map((order) => ({ order, field: comparableField(table, order.field, 'orderby') }));
  const orders = quirks.ignoreOrder ? [] : quirks.ignoreSecondOrderKey ? asked.slice(0, 1) : asked;
  if (orders.length === 0) {
    random.draw(found, query.offset + query.pageSize);
    return;
  }
  const steps = orders.map(({ order, field }) => stepOf(order, getterOf(table, field, company.zone)));
  if (steps[0] !== undefined) keepFirst(found, query.offset + query.pageSize, steps[0]);
  const inOrder = (a: Version, b: Version): number => {
    for (const step of steps) {
      const difference = step(a, b);
      if (difference !== 0) return difference;
    }
    return 0;
  };
  found.sort(inOrder);
  if (!orders.some(({ field }) => field.id === table.definition.key)) shuffleTies(found, inOrder, random);
}

/**
 * Rows from a time index are in order of the first key already. What lies beyond the page and its last tie then needs no sorting,
 * which is most of the work when a page is read out of a whole table.
 */
function keepFirst(found: Version[], count: number, step: (a: Version, b: Version) => number): void {
  if (found.length <= count) return;
  for (let at = 1; at < found.length; at += 1) if (step(found[at - 1] as Version, found[at] as Version) > 0) return;
  let end = count;
  while (end < found.length && step(found[count - 1] as Version, found[end] as Version) === 0) end += 1;
  found.length = end;
}

/** Absent values come first ascending, as the empty text would. */
function stepOf(order: Order, get: ReturnType<typeof getterOf>): (a: Version, b: Version) => number {
  const direction = order.descending ? -1 : 1;
  return (a, b) => {
    const [left, right] = [get(a), get(b)];
    if (left === null || right === null) return left === right ? 0 : (left === null ? -1 : 1) * direction;
    return compare(left, right) * direction;
  };
}

function shuffleTies(sorted: Version[], inOrder: (a: Version, b: Version) => number, random: Random): void {
  let start = 0;
  for (let at = 1; at <= sorted.length; at += 1) {
    if (at < sorted.length && inOrder(sorted[start] as Version, sorted[at] as Version) === 0) continue;
    if (at - start > 1) random.shuffle(sorted, start, at);
    start = at;
  }
}
