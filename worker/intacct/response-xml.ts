import { XMLParser, XMLValidator } from 'fast-xml-parser';

import { badAnswer } from './bad-answer.js';
import type { Row } from './query.js';
import { scanRows } from './row-scanner.js';
import { type SageError, splitSupportId } from './sage-error.js';
import { decodeReferences, garbled, withoutCommentsAndCdata } from './xml-text.js';

/** An element of the envelope. Rows of a page are not among the children: see `data`. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Its own text; null when there is none. */
  readonly text: string | null;
}

export interface FunctionResult {
  /** `success`, `failure` or `aborted`. */
  readonly status: string;
  readonly functionName: string | null;
  readonly controlId: string | null;
  readonly errors: readonly SageError[];
  /** A failed function may still carry data (seen in recorded payloads): look at the status first. */
  readonly data: XmlElement | undefined;
  /** The rows in `data` when it is flat, as the pages of `query` are. */
  readonly rows: readonly Row[] | undefined;
}

export interface Authentication {
  readonly succeeded: boolean;
  readonly userId: string | null;
  readonly companyId: string | null;
  readonly locationId: string | null;
  readonly sessionTimestamp: string | null;
  readonly sessionTimeout: string | null;
}

export interface IntacctResponse {
  readonly controlSucceeded: boolean;
  readonly controlId: string | null;
  readonly controlErrors: readonly SageError[];
  /** Absent when the request was refused before it, and on some results of old payloads. */
  readonly authentication: Authentication | undefined;
  readonly operationErrors: readonly SageError[];
  readonly results: readonly FunctionResult[];
}

// response > operation > result > data > Type > Fields > Field > VALIDVALUES > VALIDVALUE is the deepest that Sage documents.
const MAX_DEPTH = 24;
const OPENING_DATA = /<data(?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*\s*(\/?)>/g;
const BOM = '\uFEFF';

/**
 * Text of an answer to its parts, or an IntacctError; never half an answer. A body that was cut anywhere, holds a second root or
 * goes on after its end is refused, and so is everything that Intacct never sends: document types, processing instructions,
 * entities of their own, deep nesting. A character that XML forbids becomes GARBLED: it spoils its row and no more.
 */
export function parseResponse(body: string): IntacctResponse {
  const xml = plainXml(body);
  const extracted = extractRows(xml);
  const response = (extracted && readEnvelope(extracted.envelope, extracted.pages)) ?? readEnvelope(xml, undefined);
  if (response === undefined) throw badAnswer('UNEXPECTED_ANSWER');
  return response;
}

/** The document without declaration, comments and CDATA, once everything that can be refused without parsing was refused. */
function plainXml(body: string): string {
  const text = (body.startsWith(BOM) ? body.slice(1) : body).trim();
  if (text === '') throw badAnswer('EMPTY_BODY');
  // XML turns every line end into one \n before anything else.
  const plain = withoutCommentsAndCdata(text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text);
  const xml = plain.replace(/^<\?xml\s[^>]*\?>/, '').trim();
  if (/<!DOCTYPE/i.test(xml)) throw badAnswer(/^<!DOCTYPE\s+html/i.test(xml) ? 'NOT_INTACCT' : 'DOCTYPE_REFUSED');
  if (!/^<response[\s>/]/.test(xml)) throw badAnswer(wasCutWithinItsBeginning(plain, xml) ? 'CUT_BODY' : 'NOT_INTACCT');
  if (!/<\/response\s*>$/.test(xml)) throw badAnswer('CUT_BODY');
  if (xml.includes('<!') || xml.includes('<?')) throw badAnswer('INVALID_XML');
  return garbled(xml);
}

function wasCutWithinItsBeginning(plain: string, xml: string): boolean {
  const withinDeclaration = '<?xml'.startsWith(plain) || (plain.startsWith('<?xml') && !plain.includes('?>'));
  return withinDeclaration || '<response'.startsWith(xml);
}

interface Extracted {
  readonly envelope: string;
  /** For each data element its rows; undefined where they were left in the envelope. */
  readonly pages: readonly (readonly Row[] | undefined)[];
}

/** The flat rows of queries out of the document, and what is left of it; undefined when a query holds anything else. */
function extractRows(xml: string): Extracted | undefined {
  const pages: (readonly Row[] | undefined)[] = [];
  let envelope = '';
  let kept = 0;
  OPENING_DATA.lastIndex = 0;
  for (let match = OPENING_DATA.exec(xml); match !== null; match = OPENING_DATA.exec(xml)) {
    const result = xml.slice(xml.lastIndexOf('<result>', match.index), match.index);
    if (match[1] === '/' || !result.includes('<function>query</function>')) {
      pages.push(undefined);
      continue;
    }
    const after = match.index + match[0].length;
    const scanned = scanRows(xml, after);
    if (scanned === undefined) return undefined;
    pages.push(scanned.rows);
    envelope += xml.slice(kept, after);
    kept = scanned.end;
    OPENING_DATA.lastIndex = scanned.end;
  }
  return { envelope: envelope + xml.slice(kept), pages };
}

/** Undefined when the pages do not fit the data elements of the results: the whole document then has to be read. */
function readEnvelope(xml: string, pages: Extracted['pages'] | undefined): IntacctResponse | undefined {
  const root = parseXml(xml);
  const control = child(root, 'control');
  const controlStatus = textOf(control, 'status');
  if (control === undefined || (controlStatus !== 'success' && controlStatus !== 'failure')) {
    throw badAnswer('UNEXPECTED_ANSWER', 'no control status');
  }
  const operation = child(root, 'operation');
  const resultElements = operation?.children.filter((element) => element.name === 'result') ?? [];
  const dataElements = resultElements.flatMap((result) => child(result, 'data') ?? []);
  if (pages !== undefined && pages.length !== dataElements.length) return undefined;
  const rowsOf = new Map(dataElements.map((data, index) => [data, pages?.[index] ?? flatRows(data)] as const));
  return {
    controlSucceeded: controlStatus === 'success',
    controlId: textOf(control, 'controlid'),
    controlErrors: errorsIn(root),
    authentication: authenticationIn(operation),
    operationErrors: operation === undefined ? [] : errorsIn(operation),
    results: resultElements.map((result) => {
      const data = child(result, 'data');
      return {
        status: textOf(result, 'status') ?? '',
        functionName: textOf(result, 'function'),
        controlId: textOf(result, 'controlid'),
        errors: errorsIn(result),
        data,
        rows: data && rowsOf.get(data),
      };
    }),
  };
}

function authenticationIn(operation: XmlElement | undefined): Authentication | undefined {
  const element = operation && child(operation, 'authentication');
  if (element === undefined) return undefined;
  return {
    succeeded: textOf(element, 'status') === 'success',
    userId: textOf(element, 'userid'),
    companyId: textOf(element, 'companyid'),
    locationId: textOf(element, 'locationid'),
    sessionTimestamp: textOf(element, 'sessiontimestamp'),
    sessionTimeout: textOf(element, 'sessiontimeout'),
  };
}

function errorsIn(parent: XmlElement): readonly SageError[] {
  const list = child(parent, 'errormessage')?.children ?? [];
  return list
    .filter((element) => element.name === 'error')
    .map((element) => {
      const first = splitSupportId(textOf(element, 'description'));
      const second = splitSupportId(textOf(element, 'description2'));
      const more = child(element, 'additionalinfo');
      return {
        errorno: textOf(element, 'errorno'),
        description: first.text,
        description2: second.text,
        correction: splitSupportId(textOf(element, 'correction')).text,
        supportId: second.supportId ?? first.supportId,
        errorId: more === undefined ? null : attributeOrText(more, 'errorid'),
        category: more === undefined ? null : attributeOrText(more, 'category'),
      };
    });
}

function attributeOrText(element: XmlElement, name: string): string | null {
  return element.attributes.get(name) ?? textOf(element, name);
}

function flatRows(data: XmlElement): readonly Row[] | undefined {
  const rows: Row[] = [];
  for (const element of data.children) {
    const row: Record<string, string | null> = Object.create(null);
    for (const field of element.children) {
      if (field.children.length > 0) return undefined;
      row[field.name] = field.text;
    }
    rows.push(row);
  }
  return rows;
}

export function child(parent: XmlElement, name: string): XmlElement | undefined {
  return parent.children.find((element) => element.name === name);
}

/** Trimmed: for the envelope only, never for rows. */
export function textOf(parent: XmlElement | undefined, name: string): string | null {
  return (parent && child(parent, name)?.text?.trim()) || null;
}

// The parser refuses `constructor` and renames `toString`; behind a dot they are names like any other. No XML name begins with a dot.
const SAFE = '.';

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  ignoreDeclaration: true,
  maxNestedTags: MAX_DEPTH,
  jPath: false,
  transformTagName: (name) => (name.startsWith(SAFE) ? name : SAFE + name),
  entityDecoder: {
    setExternalEntities: () => {},
    addInputEntities: () => {},
    reset: () => {},
    setXmlVersion: () => {},
    decode: decodeReferences,
  },
});

type Ordered = Readonly<Record<string, unknown>>;

function parseXml(xml: string): XmlElement {
  let roots: readonly XmlElement[];
  try {
    if (XMLValidator.validate(xml) !== true) throw new SyntaxError('not well-formed');
    roots = elements(parser.parse(xml) as readonly Ordered[]).children;
  } catch {
    // The parser quotes the place in its messages, and with it what may be a row.
    throw badAnswer('INVALID_XML');
  }
  const [root] = roots;
  if (root === undefined || roots.length !== 1 || root.name !== 'response') throw badAnswer('INVALID_XML');
  return root;
}

function elements(ordered: readonly Ordered[]): { children: XmlElement[]; text: string | null } {
  const children: XmlElement[] = [];
  let text = '';
  for (const node of ordered) {
    for (const key of Object.keys(node)) {
      if (key === '#text') text += String(node[key]);
      else if (key.startsWith(SAFE)) {
        const inner = elements(node[key] as readonly Ordered[]);
        const attributes = new Map(Object.entries((node[':@'] ?? {}) as Record<string, string>));
        children.push({ name: key.slice(SAFE.length), attributes, children: inner.children, text: inner.text });
      }
    }
  }
  return { children, text: text === '' ? null : text };
}
