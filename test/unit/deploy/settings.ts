import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../../../', import.meta.url);

export const readText = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');
export const exists = (path: string): boolean => existsSync(new URL(path, ROOT));
export const pathOf = (path: string): string => fileURLToPath(new URL(path, ROOT));

const example = readText('.env.example');
const alsoAsFile = /be given:\n# (.+)$/m.exec(example)?.[1]?.split(', ') ?? [];

/** Every variable that the worker reads, `<name>_FILE` of a secret as well: what .env.example names. */
const VARIABLES: ReadonlySet<string> = new Set([
  ...[...example.matchAll(/^([A-Z_]+)=/gm)].map(([, name = '']) => name),
  ...alsoAsFile.map((name) => `${name}_FILE`),
]);

/** Those that Node itself reads. */
const OF_NODE = ['NODE_ENV', 'NODE_EXTRA_CA_CERTS'];

/** Those of these names that mean nothing to a worker. */
export function unknownVariables(names: Iterable<string>): readonly string[] {
  return [...names].filter((name) => !VARIABLES.has(name) && !OF_NODE.includes(name));
}

/** The port of metrics, health and status. */
export const HTTP_PORT = Number(/^HTTP_PORT=(\d+)$/m.exec(example)?.[1]);
