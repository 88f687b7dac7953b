import { readFileSync } from 'node:fs';
import { DEFINITIONS, PREFIX } from '../../../worker/metrics/definitions.js';

const OWN: Readonly<Record<string, { readonly type: string }>> = DEFINITIONS;
/** That this document names what a real registry holds is tested by itself. */
const DOCUMENT = readFileSync(new URL('../../../deploy/METRICS.md', import.meta.url), 'utf8');

/** Names of metrics in a query: of ours, and of the process. */
export function namesIn(query: string): string[] {
  return [...query.matchAll(/\b(?:intacct_trigger|process|nodejs)_\w+/g)].map(([name]) => name);
}

export function unknownMetrics(query: string): string[] {
  return namesIn(query).filter((name) => !exists(name));
}

function exists(name: string): boolean {
  if (!name.startsWith(PREFIX)) return DOCUMENT.includes(`\`${name}\``);
  const own = name.slice(PREFIX.length);
  const base = own.replace(/_(bucket|sum|count)$/, '');
  return OWN[own] === undefined ? OWN[base]?.type === 'histogram' : OWN[own].type !== 'histogram';
}
