import type { FieldDefinition } from './catalogue.js';
import { type Comparable, compare, getterOf, literalOf } from './compare.js';
import { fieldUnknown, processingError } from './problems.js';
import { type FilterLeaf, type FilterNode, isGroup } from './query-schema.js';
import type { Table, Version } from './table.js';
import type { Zone } from './times.js';

export type Predicate = (version: Version) => boolean;

export interface FilterContext {
  readonly table: Table;
  readonly zone: Zone;
  readonly caseInsensitive: boolean;
}

/** Turns a filter into a function. Comparisons with an absent value are never true, as in SQL; only isnull sees it. */
export function compileFilter(node: FilterNode, context: FilterContext): Predicate {
  if (!isGroup(node)) return compileLeaf(node, context);
  const children = node.children.map((child) => compileFilter(child, context));
  const stopAt = node.operator === 'or';
  return (version) => {
    for (const child of children) if (child(version) === stopAt) return stopAt;
    return !stopAt;
  };
}

/** The field a filter or order names; relations cannot be compared here, and Sage answers an unknown name with XL03000010. */
export function comparableField(table: Table, name: string, where: 'filter' | 'orderby'): FieldDefinition {
  const field = table.definition.fields[table.position(name) ?? -1];
  if (field === undefined || field.refusedByQuery) throw fieldUnknown(table.definition.name, name, where);
  return field;
}

/** Literals of a leaf. Sage answers a wrongly written date or time with the generic DL02000001, not with a word about the literal. */
function literalsOf(leaf: FilterLeaf, field: FieldDefinition, context: Pick<FilterContext, 'zone'>): Comparable[] {
  return leaf.values.map((text) => {
    const literal = literalOf(field, text, context.zone);
    if (literal === undefined) throw processingError();
    return literal;
  });
}

function compileLeaf(leaf: FilterLeaf, context: FilterContext): Predicate {
  const { table, zone } = context;
  const field = comparableField(table, leaf.field, 'filter');
  const get = getterOf(table, field, zone);
  if (leaf.operator === 'isnull') return (version) => get(version) === null;
  if (leaf.operator === 'isnotnull') return (version) => get(version) !== null;
  if (leaf.operator === 'like' || leaf.operator === 'notlike') return compileLike(leaf, context);
  const fold = context.caseInsensitive ? foldCase : asIs;
  const literals = literalsOf(leaf, field, context).map(fold);
  const test = testOf(leaf.operator, literals);
  return (version) => {
    const value = get(version);
    return value !== null && test(fold(value));
  };
}

function testOf(
  operator: Exclude<FilterLeaf['operator'], 'isnull' | 'isnotnull' | 'like' | 'notlike'>,
  literals: readonly Comparable[],
): (value: Comparable) => boolean {
  const first = literals[0] as Comparable;
  const last = literals.at(-1) as Comparable;
  switch (operator) {
    case 'equalto':
      return (value) => compare(value, first) === 0;
    case 'notequalto':
      return (value) => compare(value, first) !== 0;
    case 'lessthan':
      return (value) => compare(value, first) < 0;
    case 'lessthanorequalto':
      return (value) => compare(value, first) <= 0;
    case 'greaterthan':
      return (value) => compare(value, first) > 0;
    case 'greaterthanorequalto':
      return (value) => compare(value, first) >= 0;
    case 'between':
      return (value) => compare(value, first) >= 0 && compare(value, last) <= 0;
    case 'in': {
      const wanted = new Set(literals);
      return (value) => wanted.has(value);
    }
    case 'notin': {
      const unwanted = new Set(literals);
      return (value) => !unwanted.has(value);
    }
  }
}

/** SQL patterns: % any text, _ any character. */
function compileLike(leaf: FilterLeaf, { table, caseInsensitive }: FilterContext): Predicate {
  const position = table.position(leaf.field) as number;
  const source = (leaf.values[0] ?? '')
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll('%', '[^]*')
    .replaceAll('_', '[^]');
  const pattern = new RegExp(`^${source}$`, caseInsensitive ? 'iu' : 'u');
  const wanted = leaf.operator === 'like';
  return (version) => {
    const text = version.values[position];
    return text !== null && text !== undefined && text !== '' && pattern.test(text) === wanted;
  };
}

function asIs(value: Comparable): Comparable {
  return value;
}

function foldCase(value: Comparable): Comparable {
  return typeof value === 'string' ? value.toLowerCase() : value;
}
