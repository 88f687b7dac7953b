import { type Document, isNode, LineCounter, parseDocument, Scalar, visit } from 'yaml';
import { FilledText, Unobtainable } from './raw-value.js';

/** Gives the text of an environment variable, also from the file that `<name>_FILE` names. */
export type Lookup = (name: string) => string | Unobtainable | undefined;

export interface ParsedConfigFile {
  /** Lists, mappings, texts, `FilledText` and `Unobtainable`; undefined when there are problems. */
  readonly content: unknown;
  readonly problems: readonly string[];
  /** The line (from 1) on which a place begins, or the nearest place above it. */
  lineOf(path: readonly PropertyKey[]): number | undefined;
}

/**
 * Reads the YAML of CONFIG_FILE. Every value stays the text that was written: `00123`, `1.10` and 20 digits are not numbers
 * yet. Variables are filled into the values of the parsed document, so that what a variable holds can never become YAML.
 */
export function parseConfigFile(text: string, lookup: Lookup): ParsedConfigFile {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    schema: 'failsafe',
    merge: true,
    lineCounter: lines,
    // Pretty errors quote the line, which may hold a password.
    prettyErrors: false,
  });
  const problems = [...document.errors, ...document.warnings].map(
    ({ message, pos }) => `line ${lines.linePos(pos[0]).line}: ${withoutQuotes(message)}`,
  );
  const lineOf = (path: readonly PropertyKey[]) => lineOfPath(document, lines, path);
  if (problems.length > 0) {
    return { content: undefined, problems, lineOf };
  }
  visit(document, {
    Scalar: (key, node) => {
      if (key !== 'key') {
        fillScalar(node, lookup);
      }
    },
  });
  try {
    return { content: document.toJS(), problems: [], lineOf };
  } catch {
    return {
      content: undefined,
      problems: ['an alias (*name) has no anchor; a text that begins with * needs quotes'],
      lineOf,
    };
  }
}

/** What the parser says after the first colon are pieces of the file. */
function withoutQuotes(message: string): string {
  return message.split(': ')[0] ?? message;
}

function fillScalar(node: Scalar, lookup: Lookup): void {
  const { value } = node;
  if (typeof value !== 'string') {
    return;
  }
  if (node.type === Scalar.PLAIN && ['', '~', 'null'].includes(value)) {
    node.value = null;
  } else if (value.includes('${')) {
    node.value = fill(value, lookup);
  }
}

/** `$${` is a way to write `${`. */
const REFERENCE = /\$\$\{|\$\{([^}]*)\}?/g;
const INSIDE = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/** null when nothing but blanks comes out: as in the environment, that is the same as not set. */
function fill(template: string, lookup: Lookup): FilledText | Unobtainable | null {
  let unobtainable: Unobtainable | undefined;
  const text = template.replace(REFERENCE, (reference: string, inside: string | undefined) => {
    if (inside === undefined) {
      return '${';
    }
    const match = reference.endsWith('}') ? INSIDE.exec(inside) : null;
    if (match === null) {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the file's syntax, not a template.
      unobtainable ??= new Unobtainable('expects ${NAME} or ${NAME:-default} (write $${ for a plain "${")');
      return '';
    }
    const [, name = '', fallback] = match;
    const found = lookup(name);
    if (found instanceof Unobtainable) {
      unobtainable ??= found;
      return '';
    }
    if (found === undefined && fallback === undefined) {
      unobtainable ??= new Unobtainable(`needs the environment variable ${name}, which is missing`);
    }
    return found ?? fallback ?? '';
  });
  return unobtainable ?? (text.trim() === '' ? null : new FilledText(text, template));
}

function lineOfPath(document: Document.Parsed, lines: LineCounter, path: readonly PropertyKey[]): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) {
      return lines.linePos(node.range[0]).line;
    }
  }
  return undefined;
}
