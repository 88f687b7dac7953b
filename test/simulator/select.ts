import type { Company } from './company.js';
import { fieldsRefused } from './problems.js';
import { type Table, type Version, type View, visibleVersion } from './table.js';

/** One selected field: its tag and how to read it from a row. */
export interface Column {
  readonly name: string;
  readonly read: (version: Version) => string | null;
}

/**
 * The columns of a select. All bad fields are refused together, one error each, whether they do not exist or are of the kind that
 * `lookup` lists and `query` refuses; Sage gives both the same errorno.
 */
export function columnsOf(company: Company, table: Table, names: readonly string[], view: View): Column[] {
  const refused: string[] = [];
  const columns: Column[] = [];
  for (const name of names) {
    const column = ownColumn(table, name) ?? relatedColumn(company, table, name, view);
    if (column === undefined) refused.push(name);
    else columns.push(column);
  }
  if (refused.length > 0) throw fieldsRefused(table.definition.name, refused);
  return columns;
}

function ownColumn(table: Table, name: string): Column | undefined {
  const position = table.position(name);
  if (position === undefined || table.definition.fields[position]?.refusedByQuery === true) return undefined;
  return { name, read: (version) => version.values[position] ?? null };
}

/** `VENDOR.NAME`: a field of the record that a field here points to. Its tag keeps the dot. */
function relatedColumn(company: Company, table: Table, name: string, view: View): Column | undefined {
  const dot = name.indexOf('.');
  const relation = table.definition.relations.find((known) => known.name === name.slice(0, dot));
  const other = relation === undefined ? undefined : company.findTable(relation.object);
  if (relation === undefined || other === undefined) return undefined;
  const [here, there, wanted] = [
    table.position(relation.by),
    other.position(relation.to),
    other.position(name.slice(dot + 1)),
  ];
  if (here === undefined || there === undefined || wanted === undefined) return undefined;
  let byValue: Map<string, string | null> | undefined;
  return {
    name,
    read: (version) => {
      byValue ??= readRelated(other, there, wanted, view);
      return byValue.get(version.values[here] ?? '') ?? null;
    },
  };
}

function readRelated(other: Table, there: number, wanted: number, view: View): Map<string, string | null> {
  const byValue = new Map<string, string | null>();
  for (const row of other.rows.values()) {
    const version = visibleVersion(row, view);
    const value = version?.values[there];
    if (version && value) byValue.set(value, version.values[wanted] ?? null);
  }
  return byValue;
}
