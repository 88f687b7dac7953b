import { createHash } from 'node:crypto';
import { parseDocument, stringify } from 'yaml';

/**
 * Renders the templates of a Helm chart as far as this repository uses their language, and refuses everything else: a test must not
 * need Helm, and templates that need more of it should be written more plainly.
 */
export class GoTemplates {
  readonly #named = new Map<string, readonly Node[]>();
  readonly #files: ReadonlyMap<string, string>;

  /** `files` is what `.Files.Get` gives, by path. */
  constructor(files: ReadonlyMap<string, string> = new Map()) {
    this.#files = files;
  }

  /** Takes in a template, and those that it defines. */
  add(name: string, text: string): void {
    const tokens = tokensOf(text);
    const body = this.#parse(tokens);
    if (tokens.length > 0) throw new Error(`${name}: one end too many`);
    this.#named.set(name, body);
  }

  render(name: string, data: unknown): string {
    const body = this.#named.get(name);
    if (body === undefined) throw new Error(`There is no template ${name}`);
    return this.#run(body, { dot: data, variables: new Map([['$', data]]) });
  }

  /** Reads up to the `end` or `else` that belongs to the block it is in, which it leaves to its caller. */
  #parse(tokens: Token[]): Node[] {
    const nodes: Node[] = [];
    for (let token = tokens[0]; token !== undefined; token = tokens[0]) {
      if (token.kind === 'text') {
        nodes.push({ kind: 'text', text: token.text });
        tokens.shift();
        continue;
      }
      const [keyword = '', ...words] = token.words;
      if (keyword === 'end' || keyword === 'else') return nodes;
      tokens.shift();
      if (keyword === 'define') {
        this.#named.set(JSON.parse(words[0] ?? '""'), this.#parse(tokens));
        expectEnd(tokens);
      } else if (keyword === 'if' || keyword === 'with' || keyword === 'range') {
        nodes.push(this.#block(keyword, words, tokens));
      } else {
        nodes.push({ kind: 'print', words: token.words });
      }
    }
    return nodes;
  }

  #block(kind: Block['kind'], words: readonly string[], tokens: Token[]): Block {
    const body = this.#parse(tokens);
    const next = tokens[0];
    let otherwise: Node[] = [];
    if (next?.kind === 'action' && next.words[0] === 'else') {
      tokens.shift();
      if (next.words[1] === 'if')
        return { kind, words, body, otherwise: [this.#block('if', next.words.slice(2), tokens)] };
      otherwise = this.#parse(tokens);
    }
    expectEnd(tokens);
    return { kind, words, body, otherwise };
  }

  #run(nodes: readonly Node[], scope: Scope): string {
    return nodes.map((node) => this.#one(node, scope)).join('');
  }

  #one(node: Node, scope: Scope): string {
    if (node.kind === 'text') return node.text;
    if (node.kind === 'print') return printed(this.#evaluate(node.words, scope));
    if (node.kind === 'range') return this.#range(node, scope);
    const value = this.#evaluate(node.words, scope);
    if (!isTrue(value)) return this.#run(node.otherwise, scope);
    return this.#run(node.body, node.kind === 'with' ? { ...scope, dot: value } : scope);
  }

  #range({ words, body, otherwise }: Block, scope: Scope): string {
    const at = words.indexOf(':=');
    const names = words.slice(0, Math.max(at, 0)).filter((word) => word !== ',');
    const over = this.#evaluate(words.slice(at + 1), scope);
    const entries: [unknown, unknown][] = Array.isArray(over)
      ? [...over.entries()]
      : Object.entries((over ?? {}) as object).sort(([one], [other]) => (one < other ? -1 : 1));
    if (entries.length === 0) return this.#run(otherwise, scope);
    return entries
      .map(([key, value]) => {
        const values = names.length === 1 ? [value] : [key, value];
        const variables = new Map([...scope.variables, ...names.map((name, index) => [name, values[index]] as const)]);
        return this.#run(body, { dot: value, variables });
      })
      .join('');
  }

  /** Commands joined by pipes; the value of each is the last argument of the next. */
  #evaluate(words: readonly string[], scope: Scope): unknown {
    let value: unknown;
    for (const [index, command] of split(words, '|').entries()) {
      const operands = operandsOf(command);
      const [first, ...rest] = operands;
      const name = first?.length === 1 ? first[0] : undefined;
      const call = name === undefined ? undefined : this.#functions()[name];
      const args = (call === undefined ? operands : rest).map((operand) => this.#operand(operand, scope));
      if (call !== undefined)
        value = (call as (...args: unknown[]) => unknown)(...args, ...(index === 0 ? [] : [value]));
      else if (args.length === 1 && index === 0) value = args[0];
      else throw new Error(`Not known here: {{ ${words.join(' ')} }}`);
    }
    return value;
  }

  #operand(words: readonly string[], scope: Scope): unknown {
    const [word = ''] = words;
    if (words.length > 1) return this.#evaluate(words.slice(1, -1), scope);
    if (word.startsWith('"')) return JSON.parse(word);
    if (/^\d+$/.test(word)) return Number(word);
    const path = /^(\$\w*)?((?:\.\w+)*|\.)$/.exec(word);
    if (path === null) throw new Error(`Not known here: ${word}`);
    const [, variable, fields = ''] = path;
    if (variable !== undefined && !scope.variables.has(variable)) throw new Error(`There is no variable ${variable}`);
    const start = variable === undefined ? scope.dot : scope.variables.get(variable);
    return fields
      .split('.')
      .filter((field) => field !== '')
      .reduce<unknown>((value, field) => fieldOf(value, field, word), start);
  }

  #functions(): Readonly<Record<string, (...args: never[]) => unknown>> {
    return {
      include: (name: string, data: unknown) => this.render(name, data),
      '.Files.Get': (path: string) => this.#files.get(path) ?? '',
      default: (fallback: unknown, value: unknown) => (isTrue(value) ? value : fallback),
      required(message: string, value: unknown) {
        if (value === '' || value === undefined || value === null) throw new Error(message);
        return value;
      },
      not: (value: unknown) => !isTrue(value),
      contains: (part: string, text: string) => text.includes(part),
      nindent: (count: number, text: string) => `\n${text.replace(/^/gm, ' '.repeat(count))}`,
      printf: (format: string, ...args: unknown[]) =>
        format.replace(/%(.)/g, (_, verb: string) => formatted(verb, args.shift())),
      quote: (value: unknown) => JSON.stringify(printed(value)),
      replace: (from: string, to: string, text: string) => text.replaceAll(from, to),
      sha256sum: (text: string) => createHash('sha256').update(text).digest('hex'),
      toYaml: (value: unknown) => stringify(value, { lineWidth: 0, sortMapEntries: true }).trimEnd(),
      trimSuffix: (suffix: string, text: string) => (text.endsWith(suffix) ? text.slice(0, -suffix.length) : text),
      trunc: (length: number, text: string) => text.slice(0, length),
    };
  }
}

/** The values of a chart with those of a user laid over them, as Helm does it: mappings merge, everything else replaces. */
export function mergeValues(chart: unknown, user: unknown): unknown {
  if (!isMapping(chart) || !isMapping(user)) return user;
  const keys = new Set([...Object.keys(chart), ...Object.keys(user)]);
  return Object.fromEntries(
    [...keys].map((key) => [
      key,
      key in chart && key in user ? mergeValues(chart[key], user[key]) : (user[key] ?? chart[key]),
    ]),
  );
}

/** Parses YAML and fails where it is doubtful, a key that stands twice for example. */
export function parseYaml(text: string): unknown {
  const document = parseDocument(text, { merge: true });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw problem;
  return document.toJS();
}

type Token = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'action'; readonly words: string[] };

type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'print'; readonly words: readonly string[] }
  | Block;

interface Block {
  readonly kind: 'if' | 'with' | 'range';
  readonly words: readonly string[];
  readonly body: readonly Node[];
  readonly otherwise: readonly Node[];
}

interface Scope {
  readonly dot: unknown;
  readonly variables: ReadonlyMap<string, unknown>;
}

const ACTION = /\{\{(- )?\s*((?:"(?:\\.|[^"\\])*"|\/\*[\s\S]*?\*\/|[^"}]|\}(?!\}))*?)\s*( -)?\}\}/g;
const WORD = /"(?:\\.|[^"\\])*"|:=|[()|,]|[^\s()|,"]+/g;

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let from = 0;
  let trimNext = false;
  const addText = (piece: string, trimEnd: boolean) => {
    const start = trimNext ? piece.trimStart() : piece;
    const kept = trimEnd ? start.trimEnd() : start;
    if (kept !== '') tokens.push({ kind: 'text', text: kept });
  };
  for (const match of text.matchAll(ACTION)) {
    const [whole, before, inside = '', after] = match;
    addText(text.slice(from, match.index), before !== undefined);
    from = match.index + whole.length;
    trimNext = after !== undefined;
    if (!inside.startsWith('/*')) tokens.push({ kind: 'action', words: inside.match(WORD) ?? [] });
  }
  addText(text.slice(from), false);
  return tokens;
}

function expectEnd(tokens: Token[]): void {
  const token = tokens.shift();
  if (token?.kind !== 'action' || token.words[0] !== 'end') throw new Error('An end is missing');
}

function split(words: readonly string[], at: string): string[][] {
  const parts: string[][] = [[]];
  let depth = 0;
  for (const word of words) {
    if (word === '(') depth += 1;
    if (word === ')') depth -= 1;
    if (word === at && depth === 0) parts.push([]);
    else parts.at(-1)?.push(word);
  }
  return parts;
}

/** One word each, or everything from a parenthesis to the one that closes it. */
function operandsOf(words: readonly string[]): string[][] {
  const operands: string[][] = [];
  let depth = 0;
  for (const word of words) {
    if (depth === 0) operands.push([word]);
    else operands.at(-1)?.push(word);
    if (word === '(') depth += 1;
    if (word === ')') depth -= 1;
  }
  return operands;
}

function fieldOf(value: unknown, field: string, word: string): unknown {
  if (!isMapping(value)) throw new Error(`${word}: nothing holds ${field}`);
  return value[field];
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTrue(value: unknown): boolean {
  return typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : Boolean(value);
}

function printed(value: unknown): string {
  if (typeof value === 'object' || value === undefined) throw new Error('Printed where there is nothing to print');
  return String(value);
}

function formatted(verb: string, value: unknown): string {
  if (verb === 's') return printed(value);
  if (verb === 'q') return JSON.stringify(printed(value));
  throw new Error(`Not known here: %${verb}`);
}
