/**
 * The words of Intacct's `query` function, as data. No I/O and nothing that can fail, so that the pure core may plan in these
 * words while only the gateway knows how they look on the wire.
 */

/** A value to compare with: text exactly as Intacct writes it, or an instant that the gateway renders in the connection's zone. */
export type Literal = string | { readonly atMs: number };

export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

/** One filter. Sage's schema wants exactly one top-level operator and at least two children under `and`/`or`. */
export type Filter =
  | { readonly and: readonly Filter[] }
  | { readonly or: readonly Filter[] }
  | { readonly field: string; readonly is: Comparison; readonly value: Literal }
  | { readonly field: string; readonly in: readonly string[] }
  | { readonly field: string; readonly isNull: boolean };

export interface Query {
  readonly object: string;
  readonly select: readonly string[];
  readonly filter?: Filter;
  /** Ascending. Whether Intacct honours a second key is not documented: check the order of the page. */
  readonly orderBy?: readonly string[];
  /** 1 to 2000. */
  readonly pageSize: number;
  /** At the top level, records private to entities are hidden unless this is set. */
  readonly showPrivate?: boolean;
}

/** Stands in a row for what XML forbids (a control character in a memo): the row cannot be told as it was, the others can. */
export const GARBLED = '\uFDD0';

/** A row as Intacct sent it: text untouched, an absent or empty value is null. Null-prototype, so any field name is safe. */
export type Row = Readonly<Record<string, string | null>>;

export interface Page {
  readonly rows: readonly Row[];
  /** Rows of the query that this page left behind; null when the answer does not tell. */
  readonly remaining: number | null;
}

/** One field of an object's definition, as `lookup` tells it. */
export interface FieldDefinition {
  readonly id: string;
  readonly dataType: string;
}

export interface ObjectDefinition {
  readonly object: string;
  readonly fields: readonly FieldDefinition[];
}

/** Two neighbours or none: joins filters without breaking the rule of two children. */
export function allOf(filters: readonly Filter[]): Filter | undefined {
  return filters.length > 1 ? { and: filters } : filters[0];
}
