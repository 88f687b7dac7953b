import { parseSync } from '@swc/core';
import { SEPARATOR } from './row.js';

interface Node {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** Full names of the tests of a file, as Jest would build them; placeholders of tables stay, those of templates become %s. */
export function titlesOf(source: string): readonly string[] {
  const titles: string[] = [];
  visit(parseSync(source, { syntax: 'typescript', target: 'es2022' }) as unknown, [], titles);
  return titles;
}

function visit(node: unknown, path: readonly string[], titles: string[]): void {
  if (Array.isArray(node)) {
    for (const child of node) visit(child, path, titles);
    return;
  }
  if (typeof node !== 'object' || node === null) return;
  const call = isNode(node) && node.type === 'CallExpression' ? callOf(node) : null;
  const below = call === null ? path : [...path, call.title];
  if (call?.kind === 'test') titles.push(below.join(SEPARATOR));
  for (const child of Object.values(node)) visit(child, below, titles);
}

/** Null for calls that are neither `describe` nor `test`, and for the table of `test.each(…)`. */
function callOf(node: Node): { readonly kind: 'describe' | 'test'; readonly title: string } | null {
  const kind = calleeOf(node['callee']);
  const [first] = node['arguments'] as readonly { readonly expression: Node }[];
  const title = kind === null ? null : titleOf(first?.expression);
  return kind === null || title === null ? null : { kind, title };
}

/** `test`, `test.concurrent`, `test.each(…)`: what the call begins with. */
function calleeOf(callee: unknown): 'describe' | 'test' | null {
  if (!isNode(callee)) return null;
  if (callee.type === 'Identifier') {
    return callee['value'] === 'describe' || callee['value'] === 'test' ? callee['value'] : null;
  }
  if (callee.type === 'MemberExpression') return calleeOf(callee['object']);
  return callee.type === 'CallExpression' ? calleeOf(callee['callee']) : null;
}

function titleOf(expression: Node | undefined): string | null {
  if (expression?.type === 'StringLiteral') return String(expression['value']);
  if (expression?.type !== 'TemplateLiteral') return null;
  return (expression['quasis'] as readonly { readonly cooked: string }[]).map(({ cooked }) => cooked).join('%s');
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value;
}
