import { invalidArgument, schemaViolation } from './problems.js';
import {
  booleanOf,
  noAttributes,
  noText,
  optional,
  readAll,
  readSequence,
  required,
  requiredText,
  textOf,
  wholeNumberOf,
} from './schema.js';
import type { XmlElement } from './xml.js';

export type Comparison =
  | 'equalto'
  | 'notequalto'
  | 'lessthan'
  | 'lessthanorequalto'
  | 'greaterthan'
  | 'greaterthanorequalto'
  | 'between'
  | 'in'
  | 'notin'
  | 'like'
  | 'notlike'
  | 'isnull'
  | 'isnotnull';

export interface FilterLeaf {
  readonly operator: Comparison;
  readonly field: string;
  readonly values: readonly string[];
}

export interface FilterGroup {
  readonly operator: 'and' | 'or';
  readonly children: readonly FilterNode[];
}

export type FilterNode = FilterLeaf | FilterGroup;

export interface Order {
  readonly field: string;
  readonly descending: boolean;
}

/** A query as it was asked, also kept in the request log so that a test can assert what a client wanted. */
export interface ParsedQuery {
  readonly object: string;
  readonly select: readonly string[];
  readonly filter: FilterNode | null;
  readonly orderBy: readonly Order[];
  readonly caseInsensitive: boolean;
  readonly showPrivate: boolean;
  readonly format: 'xml' | 'json';
  readonly pageSize: number;
  readonly offset: number;
}

/** Sage documents 100 rows a page unless asked otherwise, 2000 at most. */
const DEFAULT_PAGE_SIZE = 100;
const LARGEST_PAGE_SIZE = 2000;
const LARGEST_IN_LIST = 1000;

/** How many values each comparison takes: least and most. */
const VALUE_COUNTS: Readonly<Record<Comparison, readonly [number, number]>> = {
  equalto: [1, 1],
  notequalto: [1, 1],
  lessthan: [1, 1],
  lessthanorequalto: [1, 1],
  greaterthan: [1, 1],
  greaterthanorequalto: [1, 1],
  between: [2, 2],
  in: [1, Number.POSITIVE_INFINITY],
  notin: [1, Number.POSITIVE_INFINITY],
  like: [1, 1],
  notlike: [1, 1],
  isnull: [0, 0],
  isnotnull: [0, 0],
};

export function isGroup(node: FilterNode): node is FilterGroup {
  return node.operator === 'and' || node.operator === 'or';
}

/** Reads a `query`. Its children may stand in any order (Sage's own SDK writes `select` first), those of `options` may not. */
export function readQuery(element: XmlElement): ParsedQuery {
  noAttributes(element);
  const parts = readAll(element, [
    required('object'),
    required('select'),
    optional('docparid'),
    optional('filter'),
    optional('orderby'),
    optional('options'),
    optional('pagesize'),
    optional('offset'),
  ]);
  const docParId = parts.get('docparid');
  if (docParId !== undefined) textOf(docParId);
  const filter = parts.get('filter');
  return {
    object: requiredText(parts.get('object'), 'object'),
    select: readSelect(parts.get('select') as XmlElement),
    filter: filter === undefined ? null : readFilter(filter),
    orderBy: readOrderBy(parts.get('orderby')),
    ...readOptions(parts.get('options')),
    pageSize: readPageSize(parts.get('pagesize')),
    offset: wholeNumberOf(parts.get('offset')) ?? 0,
  };
}

/** Refusals of values, as opposed to structure, concern the one function and not the whole request. */
export function checkLimits(query: ParsedQuery): void {
  if (query.pageSize < 1 || query.pageSize > LARGEST_PAGE_SIZE) {
    throw invalidArgument(`The pagesize ${query.pageSize} is not valid: 1 to ${LARGEST_PAGE_SIZE} are allowed`);
  }
  if (query.filter !== null) checkLists(query.filter);
}

function checkLists(node: FilterNode): void {
  if (isGroup(node)) node.children.forEach(checkLists);
  else if (node.values.length > LARGEST_IN_LIST) {
    throw invalidArgument(`The operator ${node.operator} takes at most ${LARGEST_IN_LIST} values`);
  }
}

function readSelect(element: XmlElement): string[] {
  noText(element);
  if (element.children.length === 0) throw schemaViolation('select needs at least one field');
  return element.children.map((child) => {
    if (['avg', 'min', 'max', 'count', 'sum'].includes(child.name)) {
      throw invalidArgument(`The aggregate ${child.name} is not offered by this simulator`);
    }
    if (child.name !== 'field') throw schemaViolation(`element ${child.name} is not expected in select`);
    return requiredText(child, 'field');
  });
}

function readFilter(element: XmlElement): FilterNode {
  noText(element);
  const [operator, ...others] = element.children;
  if (operator === undefined || others.length > 0) throw schemaViolation('filter expects exactly one operator');
  return readOperator(operator);
}

function readOperator(element: XmlElement): FilterNode {
  noText(element);
  if (element.name === 'and' || element.name === 'or') {
    if (element.children.length < 2) throw schemaViolation(`${element.name} expects two or more operators`);
    return { operator: element.name, children: element.children.map(readOperator) };
  }
  if (!Object.hasOwn(VALUE_COUNTS, element.name)) throw schemaViolation(`${element.name} is not an operator`);
  const operator = element.name as Comparison;
  const [field, ...values] = element.children;
  if (field?.name !== 'field') throw schemaViolation(`${operator} expects field first`);
  const [least, most] = VALUE_COUNTS[operator];
  if (values.some((value) => value.name !== 'value') || values.length < least || values.length > most) {
    throw schemaViolation(`${operator} has the wrong number of values`);
  }
  return { operator, field: requiredText(field, 'field'), values: values.map(textOf) };
}

function readOrderBy(element: XmlElement | undefined): Order[] {
  if (element === undefined) return [];
  noText(element);
  if (element.children.length === 0) throw schemaViolation('orderby needs at least one order');
  return element.children.map((order) => {
    if (order.name !== 'order') throw schemaViolation(`element ${order.name} is not expected in orderby`);
    const parts = readSequence(order, [required('field'), optional('ascending'), optional('descending')]);
    if (parts.size !== 2) throw schemaViolation('order expects field and one of ascending, descending');
    return { field: requiredText(parts.get('field'), 'field'), descending: parts.has('descending') };
  });
}

function readOptions(element: XmlElement | undefined): Pick<ParsedQuery, 'caseInsensitive' | 'showPrivate' | 'format'> {
  if (element === undefined) return { caseInsensitive: false, showPrivate: false, format: 'xml' };
  const parts = readSequence(element, [optional('caseinsensitive'), optional('showprivate'), optional('returnformat')]);
  const format = parts.get('returnformat');
  const formatName = format === undefined ? 'xml' : textOf(format);
  if (formatName !== 'xml' && formatName !== 'json') throw schemaViolation('returnformat expects xml or json');
  return {
    caseInsensitive: booleanOf(parts.get('caseinsensitive')),
    showPrivate: booleanOf(parts.get('showprivate')),
    format: formatName,
  };
}

function readPageSize(element: XmlElement | undefined): number {
  return wholeNumberOf(element) ?? DEFAULT_PAGE_SIZE;
}
