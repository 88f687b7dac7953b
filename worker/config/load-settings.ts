import { nearestName } from '../nearest-name.js';
import { type ParsedConfigFile, parseConfigFile } from './config-file.js';
import { ENVIRONMENT, type Environment, type ReadFile, readVariable, reasonOf } from './environment.js';
import { connectionNameFor } from './parsers.js';
import { describeReceived } from './raw-value.js';
import { checkSettings, keysAt, type ProblemParams } from './schema.js';
import type { Settings } from './settings.js';
import { SettingsError } from './settings-error.js';

export interface SettingsSource {
  readonly env: Environment;
  readonly readFile: ReadFile;
}

export interface LoadedSettings {
  readonly settings: Settings;
  /** What is set and has no effect, or less than was probably meant. For the log. */
  readonly warnings: readonly string[];
}

/**
 * Settings from the environment alone (one connection) or from the environment and the file that CONFIG_FILE names.
 *
 * @throws {SettingsError} with all mistakes at once.
 */
export function loadSettings(source: SettingsSource): LoadedSettings {
  const path = source.env['CONFIG_FILE']?.trim() ?? '';
  return path === '' ? fromEnvironment(source) : fromFile(path, source);
}

type Raw = Record<string, unknown>;

function fromEnvironment(source: SettingsSource): LoadedSettings {
  const connection = readPlace('connection', source);
  const { companyId, triggers } = connection;
  const raw = {
    ...readPlace('worker', source),
    connections: [
      {
        ...connection,
        name: typeof companyId === 'string' ? connectionNameFor(companyId) : companyId,
        triggers: typeof triggers === 'string' ? namesIn(triggers).map((object) => ({ object })) : triggers,
      },
    ],
  };
  const warnings = warningsOf(source.env);
  const { settings, issues } = checkSettings(raw);
  if (settings === undefined) {
    throw new SettingsError(problemsOf(issues, nameInEnvironment, 'in CONFIG_FILE, '), warnings);
  }
  return { settings, warnings };
}

function fromFile(path: string, source: SettingsSource): LoadedSettings {
  const used = new Set<string>();
  const lookup = (name: string) => {
    used.add(name).add(`${name}_FILE`);
    return readVariable(name, source);
  };
  const file = readConfigFile(path, source.readFile, lookup);
  const { connections, ...unknown } = isMapping(file.content) ? file.content : {};

  const { settings, issues = [] } = checkSettings({
    ...readPlace('worker', source),
    // With a file that cannot be read, the rest is checked all the same.
    ...(file.problems.length > 0 ? {} : { connections }),
  });
  const warnings = [...warningsOf(source.env, used), ...uselessBesideFile(source.env, used)];
  const problems = [
    ...file.problems.map((problem) => `CONFIG_FILE ${JSON.stringify(path)}: ${problem}`),
    ...Object.keys(unknown).map((key) => `${key} is not a setting of CONFIG_FILE, which holds connections only`),
    ...problemsOf(
      file.problems.length > 0 ? issues.filter((issue) => issue.path[0] !== 'connections') : issues,
      (place) => nameInFile(place, file),
    ),
  ];
  if (settings === undefined || problems.length > 0) {
    throw new SettingsError(problems, warnings);
  }
  return { settings, warnings };
}

function readConfigFile(
  path: string,
  readFile: ReadFile,
  lookup: Parameters<typeof parseConfigFile>[1],
): ParsedConfigFile {
  const unreadable = (problem: string) => ({ content: undefined, problems: [problem], lineOf: () => undefined });
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    return unreadable(`cannot be read (${reasonOf(error)})`);
  }
  const file = parseConfigFile(text, lookup);
  return file.problems.length > 0 || isMapping(file.content)
    ? file
    : unreadable(`expects a mapping with connections, got ${describeReceived(file.content)}`);
}

function isMapping(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readPlace(place: 'worker' | 'connection', source: SettingsSource): Raw {
  const raw: Raw = {};
  for (const setting of ENVIRONMENT) {
    if (setting.place?.[0] === place) {
      raw[setting.place[1]] = setting.fromFile ? readVariable(setting.name, source) : ownText(source.env, setting.name);
    }
  }
  return raw;
}

function ownText(env: Environment, name: string): string | undefined {
  const text = env[name];
  return text?.trim() === '' ? undefined : text;
}

function namesIn(list: string): readonly string[] {
  return list.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]));
}

type Issues = Exclude<ReturnType<typeof checkSettings>['issues'], undefined>;
interface Named {
  readonly name: string;
  /** Problems are told in the order of the documentation, then of the file. */
  readonly rank: number;
}

function problemsOf(
  issues: Issues,
  nameOf: (path: readonly PropertyKey[]) => Named,
  inFilePrefix = '',
): readonly string[] {
  const problems = issues.flatMap((issue) => {
    const { path } = issue;
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => {
        const { name, rank } = nameOf([...path, key]);
        const nearest = nearestName(key, keysAt(path));
        return { rank, text: `${name} is not a setting${nearest === undefined ? '' : `; did you mean ${nearest}?`}` };
      });
    }
    const params = (issue.code === 'custom' ? issue.params : undefined) as ProblemParams | undefined;
    const sentence = params?.sentence ?? issue.message;
    const inFile = params?.inFile === undefined ? '' : ` (${inFilePrefix}${params.inFile})`;
    const { name, rank } = nameOf(path);
    return [{ rank, text: `${params?.name ?? name}${sentence.startsWith(':') ? '' : ' '}${sentence}${inFile}` }];
  });
  return [...new Set(problems.sort((one, other) => one.rank - other.rank).map(({ text }) => text))];
}

function nameInEnvironment([first, , key]: readonly PropertyKey[]): Named {
  // The name of the one connection is that of the company.
  const place = first === 'connections' ? ['connection', key === 'name' ? 'companyId' : key] : ['worker', first];
  const rank = ENVIRONMENT.findIndex((setting) => setting.place?.[0] === place[0] && setting.place?.[1] === place[1]);
  return { name: ENVIRONMENT[rank]?.name ?? String(place[1]), rank };
}

function nameInFile(path: readonly PropertyKey[], file: ParsedConfigFile): Named {
  if (path[0] !== 'connections') {
    return nameInEnvironment(path);
  }
  const name = path.map((key, index) =>
    typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`,
  );
  const line = file.lineOf(path);
  return {
    name: `${name.join('')}${line === undefined ? '' : ` (line ${line})`}`,
    rank: ENVIRONMENT.length + (line ?? 0),
  };
}

const PREFIX = 'INTACCT_';
const SHORTEST_GOOD_TOKEN = 16;

function warningsOf(env: Environment, used: ReadonlySet<string> = new Set()): readonly string[] {
  const known = ENVIRONMENT.flatMap(({ name, fromFile: alsoFile }) => (alsoFile ? [name, `${name}_FILE`] : [name]));
  const unknown = Object.keys(env).filter(
    (name) => name.startsWith(PREFIX) && !known.includes(name) && !used.has(name) && ownText(env, name) !== undefined,
  );
  const token = ownText(env, 'ADMIN_TOKEN');
  return [
    ...unknown.map((name) => {
      const nearest = nearestName(name, known);
      return `${name} is not a setting${nearest === undefined ? '' : `; did you mean ${nearest}?`}`;
    }),
    ...(token !== undefined && token.length < SHORTEST_GOOD_TOKEN
      ? [`ADMIN_TOKEN is easy to guess: use ${SHORTEST_GOOD_TOKEN} characters or more`]
      : []),
  ];
}

function uselessBesideFile(env: Environment, used: ReadonlySet<string>): readonly string[] {
  const ofConnection = ENVIRONMENT.filter(({ place }) => place?.[0] === 'connection');
  // A default that was copied from .env.example is no mistake.
  const meant = ofConnection.filter((setting) => ownText(env, setting.name) !== setting.default);
  return meant
    .flatMap(({ name }) => [name, `${name}_FILE`])
    .filter((name) => ownText(env, name) !== undefined && !used.has(name))
    .map((name) => `${name} has no effect beside CONFIG_FILE`);
}
