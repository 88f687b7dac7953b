import { allOf, type Filter, type Query } from '../intacct/query.js';
import { SECOND_MS } from './instant.js';
import type { Scan } from './marks.js';
import type { Stream } from './stream.js';
import type { Window } from './window.js';

/** Intacct's largest page. */
export const MAX_PAGE_SIZE = 2000;

export interface PageShape {
  readonly select: readonly string[];
  readonly pageSize: number;
}

/**
 * One query for a whole window: rows modified in it, and rows created in it that were never modified (their modified time is null,
 * so that a watermark on it alone would never see them). A page that is not full answers the window, with one billed transaction.
 */
export function probeQuery(stream: Stream, window: Window, shape: PageShape): Query {
  const modified = within(stream.modifiedField, window.loMs, window.hiMs);
  const { createdField } = stream;
  const wanted: Filter =
    createdField === null
      ? modified
      : { or: [modified, unmodified(stream, [within(createdField, window.loMs, window.hiMs)])] };
  return query(stream, shape, [wanted], [stream.modifiedField, stream.keyField]);
}

/** The next page of a scan. */
export function scanQuery(stream: Stream, scan: Scan, shape: PageShape): Query {
  const timeField = scan.lane === 'modified' ? stream.modifiedField : stream.createdField;
  if (timeField === null) throw new TypeError('A lane by created time needs a created field');
  const bounds =
    scan.tieAfterKey === null
      ? within(timeField, scan.fromMs, scan.hiMs)
      : allOf([
          { field: timeField, is: '>=', value: { atMs: scan.fromMs } },
          { field: timeField, is: '<', value: { atMs: scan.fromMs + SECOND_MS } },
          ...(scan.tieAfterKey === '' ? [] : [{ field: stream.keyField, is: '>', value: scan.tieAfterKey } as const]),
        ]);
  const filters = flat(bounds);
  const wanted = scan.lane === 'modified' ? filters : flat(unmodified(stream, filters));
  const orderBy = scan.tieAfterKey === null ? [timeField, stream.keyField] : [stream.keyField];
  return query(stream, shape, wanted, orderBy);
}

function query(stream: Stream, shape: PageShape, wanted: readonly Filter[], orderBy: readonly string[]): Query {
  const filter = allOf([...wanted.flatMap(flat), ...whereFilters(stream)]);
  return {
    object: stream.object,
    select: shape.select,
    ...(filter === undefined ? {} : { filter }),
    orderBy,
    pageSize: shape.pageSize,
    showPrivate: stream.location === null,
  };
}

function within(field: string, loMs: number, hiMs: number): Filter {
  return {
    and: [
      { field, is: '>=', value: { atMs: loMs } },
      { field, is: '<=', value: { atMs: hiMs } },
    ],
  };
}

function unmodified(stream: Stream, filters: readonly Filter[]): Filter {
  return { and: [{ field: stream.modifiedField, isNull: true }, ...filters.flatMap(flat)] };
}

function flat(filter: Filter | undefined): readonly Filter[] {
  if (filter === undefined) return [];
  return 'and' in filter ? filter.and : [filter];
}

function whereFilters(stream: Stream): readonly Filter[] {
  return Object.entries(stream.where).map(
    ([field, value]): Filter => (typeof value === 'string' ? { field, is: '=', value } : { field, in: value }),
  );
}
