import { schemaViolation } from './problems.js';
import type { XmlElement } from './xml.js';

/** How often a child may stand in its place of a sequence. */
export interface SequencePart {
  readonly name: string;
  readonly optional?: boolean;
}

export const required = (name: string): SequencePart => ({ name });
export const optional = (name: string): SequencePart => ({ name, optional: true });

/** The children of an element that Sage's schema declares as a sequence: each at most once, in that order, nothing else. */
export function readSequence(parent: XmlElement, parts: readonly SequencePart[]): Map<string, XmlElement> {
  noText(parent);
  const found = new Map<string, XmlElement>();
  let position = 0;
  for (const child of parent.children) {
    const at = parts.findIndex((part, index) => index >= position && part.name === child.name);
    if (at === -1) throw schemaViolation(`element ${child.name} is not expected here in ${parent.name}`);
    const skipped = parts.slice(position, at).find((part) => part.optional !== true);
    if (skipped !== undefined)
      throw schemaViolation(`element ${skipped.name} is expected before ${child.name} in ${parent.name}`);
    found.set(child.name, child);
    position = at + 1;
  }
  const missing = parts.slice(position).find((part) => part.optional !== true);
  if (missing !== undefined) throw schemaViolation(`element ${missing.name} is missing in ${parent.name}`);
  return found;
}

/** The children of an element whose schema is "all": each at most once, in any order. */
export function readAll(parent: XmlElement, parts: readonly SequencePart[]): Map<string, XmlElement> {
  noText(parent);
  const found = new Map<string, XmlElement>();
  for (const child of parent.children) {
    if (!parts.some((part) => part.name === child.name))
      throw schemaViolation(`element ${child.name} is not expected in ${parent.name}`);
    if (found.has(child.name)) throw schemaViolation(`element ${child.name} stands twice in ${parent.name}`);
    found.set(child.name, child);
  }
  for (const part of parts) {
    if (part.optional !== true && !found.has(part.name))
      throw schemaViolation(`element ${part.name} is missing in ${parent.name}`);
  }
  return found;
}

/** An element that holds text alone. */
export function textOf(leaf: XmlElement): string {
  if (leaf.children.length > 0) throw schemaViolation(`element ${leaf.name} may hold text only`);
  return leaf.text.trim();
}

export function requiredText(leaf: XmlElement | undefined, name: string): string {
  const text = leaf === undefined ? '' : textOf(leaf);
  if (text === '') throw schemaViolation(`element ${name} may not be empty`);
  return text;
}

export function booleanOf(leaf: XmlElement | undefined): boolean {
  if (leaf === undefined) return false;
  const text = textOf(leaf);
  if (text !== 'true' && text !== 'false') throw schemaViolation(`element ${leaf.name} expects true or false`);
  return text === 'true';
}

/** Undefined for an absent element and for an empty one, which Sage's own SDK writes for values that were not set. */
export function wholeNumberOf(leaf: XmlElement | undefined): number | undefined {
  if (leaf === undefined || textOf(leaf) === '') return undefined;
  const text = textOf(leaf);
  if (!/^\d{1,9}$/.test(text)) throw schemaViolation(`element ${leaf.name} expects a whole number`);
  return Number(text);
}

export function noText(parent: XmlElement): void {
  if (parent.text.trim() !== '') throw schemaViolation(`text is not allowed directly in ${parent.name}`);
}

export function noAttributes(parent: XmlElement, allowed: readonly string[] = []): void {
  const unknown = Object.keys(parent.attributes).find((name) => !allowed.includes(name));
  if (unknown !== undefined) throw schemaViolation(`attribute ${unknown} is not declared for ${parent.name}`);
}
