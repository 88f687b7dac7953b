import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { schemaViolation } from './problems.js';

/** One element of a request with its children in document order, because Sage's schema is a schema of sequences. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** The text directly inside, untrimmed. */
  readonly text: string;
}

const ATTRIBUTES = ':@';
const TEXT = '#text';

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  htmlEntities: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
});

/** Parses a request body; anything that is not one well-formed document is a schema violation. */
export function parseXml(body: string): XmlElement {
  if (/<!DOCTYPE/i.test(body)) throw schemaViolation('a document type is not allowed');
  const verdict = XMLValidator.validate(body);
  if (verdict !== true) throw schemaViolation(verdict.err.msg);
  const roots = elementsOf(parser.parse(body) as RawNode[]);
  const root = roots.children[0];
  if (root === undefined || roots.children.length !== 1) throw schemaViolation('exactly one root element is expected');
  return root;
}

type RawNode = Record<string, unknown>;

function elementsOf(nodes: readonly RawNode[]): { children: XmlElement[]; text: string } {
  const children: XmlElement[] = [];
  let text = '';
  for (const node of nodes) {
    for (const [name, value] of Object.entries(node)) {
      if (name === TEXT) text += String(value);
      else if (name !== ATTRIBUTES) {
        const attributes = (node[ATTRIBUTES] ?? {}) as Record<string, string>;
        children.push({ name, attributes, ...elementsOf(value as RawNode[]) });
      }
    }
  }
  return { children, text };
}

const SPECIAL = /[&<>"']/;
const SPECIAL_ALL = /[&<>"']/g;
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Tests first: nearly all values need no escaping, and a full page holds some ninety thousand of them. */
export function escapeXml(text: string): string {
  return SPECIAL.test(text) ? text.replace(SPECIAL_ALL, (found) => ENTITIES[found] ?? found) : text;
}

/** `<name>text</name>`, or the empty pair when there is nothing to say. */
export function element(name: string, text: string): string {
  return `<${name}>${escapeXml(text)}</${name}>`;
}
