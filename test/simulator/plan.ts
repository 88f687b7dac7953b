import { literalOf } from './compare.js';
import { type FilterLeaf, type FilterNode, isGroup } from './query-schema.js';
import { type Table, type Version, type View, visibleVersion } from './table.js';
import type { Zone } from './times.js';

/** Where to look for the rows of a filter: a superset of them, as small as the indexes allow. */
type Plan =
  | { readonly kind: 'all' }
  | { readonly kind: 'untouched' }
  | { readonly kind: 'time'; readonly index: 'modified' | 'created'; readonly fromMs: number; readonly toMs: number }
  | { readonly kind: 'union'; readonly parts: readonly Plan[] };

const ALL: Plan = { kind: 'all' };

/**
 * Hands over the versions a reader could see that may satisfy the filter, in time order when a time index served them. The filter
 * itself is still to be applied: this only keeps a poll from reading two hundred thousand rows to find five.
 */
export function scan(
  table: Table,
  filter: FilterNode | null,
  view: View,
  zone: Zone,
  take: (version: Version) => void,
): void {
  const plan = filter === null ? ALL : planOf(filter, table, zone);
  if (plan.kind !== 'union') {
    visit(plan, table, view, take);
    return;
  }
  const seen = new Set<Version>();
  visit(plan, table, view, (version) => {
    if (seen.has(version)) return;
    seen.add(version);
    take(version);
  });
}

function planOf(node: FilterNode, table: Table, zone: Zone): Plan {
  if (!isGroup(node)) return planOfLeaf(node, table, zone);
  const parts = node.children.map((child) => planOf(child, table, zone));
  if (node.operator === 'or') return unite(parts);
  return intersect(parts, table);
}

function planOfLeaf(leaf: FilterLeaf, table: Table, zone: Zone): Plan {
  const { definition } = table;
  if (leaf.field === definition.modifiedField && leaf.operator === 'isnull') return { kind: 'untouched' };
  const index =
    leaf.field === definition.modifiedField ? 'modified' : leaf.field === definition.createdField ? 'created' : null;
  if (index === null) return ALL;
  const field = definition.fields[table.position(leaf.field) as number];
  const times = leaf.values.map((text) => (field === undefined ? undefined : literalOf(field, text, zone)));
  const [first, last] = [times[0], times.at(-1)];
  if (typeof first !== 'number' || typeof last !== 'number') return ALL;
  switch (leaf.operator) {
    case 'equalto':
      return { kind: 'time', index, fromMs: first, toMs: first };
    case 'between':
      return { kind: 'time', index, fromMs: first, toMs: last };
    case 'greaterthan':
    case 'greaterthanorequalto':
      return { kind: 'time', index, fromMs: first, toMs: Number.MAX_SAFE_INTEGER - 1 };
    case 'lessthan':
    case 'lessthanorequalto':
      return { kind: 'time', index, fromMs: Number.MIN_SAFE_INTEGER, toMs: first };
    default:
      return ALL;
  }
}

/** Overlapping bounds on the same index become one: the usual keyset condition then needs no memory of what it has seen. */
function unite(parts: readonly Plan[]): Plan {
  if (parts.some((part) => part.kind === 'all')) return ALL;
  const united: Plan[] = [];
  for (const part of parts) {
    const at = united.findIndex((other) => overlap(part, other));
    const other = united[at];
    if (part.kind === 'time' && other?.kind === 'time') {
      united[at] = { ...part, fromMs: Math.min(part.fromMs, other.fromMs), toMs: Math.max(part.toMs, other.toMs) };
    } else united.push(part);
  }
  return united.length === 1 ? (united[0] as Plan) : { kind: 'union', parts: united };
}

function overlap(a: Plan, b: Plan): boolean {
  return a.kind === 'time' && b.kind === 'time' && a.index === b.index && a.fromMs <= b.toMs && b.fromMs <= a.toMs;
}

/** Bounds on the same index are narrowed to their overlap; among different indexes the cheapest serves. */
function intersect(parts: readonly Plan[], table: Table): Plan {
  const narrowed: Plan[] = [];
  for (const part of parts) {
    const at = narrowed.findIndex(
      (other) => part.kind === 'time' && other.kind === 'time' && other.index === part.index,
    );
    const other = narrowed[at];
    if (part.kind === 'time' && other?.kind === 'time') {
      narrowed[at] = { ...part, fromMs: Math.max(part.fromMs, other.fromMs), toMs: Math.min(part.toMs, other.toMs) };
    } else narrowed.push(part);
  }
  return narrowed.reduce((best, part) => (cost(part, table) < cost(best, table) ? part : best), ALL);
}

function cost(plan: Plan, table: Table): number {
  switch (plan.kind) {
    case 'all':
      return Number.POSITIVE_INFINITY;
    case 'untouched':
      return table.untouched.size;
    case 'time':
      return table[plan.index].count(plan.fromMs, plan.toMs);
    case 'union':
      return plan.parts.reduce((sum, part) => sum + cost(part, table), 0);
  }
}

function visit(plan: Plan, table: Table, view: View, take: (version: Version) => void): void {
  const takeVisible = (version: Version): void => {
    if (visibleVersion(version.row, view) === version) take(version);
  };
  switch (plan.kind) {
    case 'untouched':
      table.untouched.forEach(takeVisible);
      return;
    case 'time':
      table[plan.index].each(plan.fromMs, plan.toMs, takeVisible);
      return;
    case 'union':
      for (const part of plan.parts) visit(part, table, view, take);
      return;
    case 'all':
      for (const row of table.rows.values()) {
        const version = visibleVersion(row, view);
        if (version !== null) take(version);
      }
  }
}
