import { DEFAULT_EVENTS_QUEUE, DEFAULT_QUEUE_PREFIX } from '../../shared/queues.js';
import { Unobtainable } from './raw-value.js';

export type Environment = Readonly<Record<string, string | undefined>>;
/** Gives the text of a file or throws as `fs.readFileSync` does. */
export type ReadFile = (path: string) => string;

/** One environment variable: where `.env.example`, the problems and the schema meet. */
export interface EnvironmentSetting {
  readonly name: string;
  /** Its place in the tree that the schema checks; those of the one connection start with `connection`. */
  readonly place: readonly ['connection' | 'worker', string] | null;
  /** Filled in by the schema; null = none. */
  readonly default: string | null;
  /** May be given as the content of a file instead, named by `<name>_FILE`. */
  readonly fromFile: boolean;
  readonly meaning: string;
}

const worker = (name: string, key: string, fallback: string | null, meaning: string, fromFile = false) =>
  ({ name, place: ['worker', key], default: fallback, fromFile, meaning }) as const;

const connection = (name: string, key: string, fallback: string | null, meaning: string, fromFile = false) =>
  ({ name, place: ['connection', key], default: fallback, fromFile, meaning }) as const;

/** Every variable the worker reads, in the order of the documentation. */
export const ENVIRONMENT: readonly EnvironmentSetting[] = [
  worker(
    'REDIS_URL',
    'redisUrl',
    'redis://127.0.0.1:6379',
    'Redis that keeps queues and state; rediss:// for TLS',
    true,
  ),
  worker('QUEUE_PREFIX', 'queuePrefix', DEFAULT_QUEUE_PREFIX, 'BullMQ prefix of every key; {name} on a Redis Cluster'),
  worker('EVENTS_QUEUE', 'eventsQueue', DEFAULT_EVENTS_QUEUE, 'queue that receives the events'),
  {
    name: 'CONFIG_FILE',
    place: null,
    default: null,
    fromFile: false,
    meaning: 'YAML file for several connections and settings per trigger, instead of the INTACCT_ variables below',
  },
  connection(
    'INTACCT_ENDPOINT',
    'endpoint',
    'https://api.intacct.com/ia/xml/xmlgw.phtml',
    'https; plain http for loopback hosts only',
  ),
  connection('INTACCT_SENDER_ID', 'senderId', null, 'Web Services sender ID', true),
  connection('INTACCT_SENDER_PASSWORD', 'senderPassword', null, 'password of the sender', true),
  connection('INTACCT_COMPANY_ID', 'companyId', null, 'Company ID', true),
  connection('INTACCT_USER_ID', 'userId', null, 'login name of the Web Services user', true),
  connection('INTACCT_USER_PASSWORD', 'userPassword', null, 'login password of the Web Services user', true),
  connection('INTACCT_LOCATION_IDS', 'locations', null, 'Location IDs, comma separated; blank = all entities'),
  connection('INTACCT_OBJECTS', 'triggers', null, 'objects to watch, comma separated, for example CUSTOMER,APBILL'),
  worker('POLL_EVERY', 'pollEvery', '5m', 'time between two polls, from 1s'),
  worker(
    'START_FROM',
    'startFrom',
    '1h',
    'how far back a trigger that has never run starts: a duration or an ISO instant',
  ),
  worker('SETTLE', 'settle', '30s', 'how long a change must have been visible before it is read'),
  worker('OVERLAP', 'overlap', '5m', 'how far each poll reads back again'),
  worker('SWEEP_EVERY', 'sweepEvery', '1h', 'time between two polls that read back further'),
  worker('SWEEP_BACK', 'sweepBack', '3h', 'how far those read back; at least OVERLAP'),
  worker(
    'QUEUE_HIGH_WATER',
    'queueHighWater',
    '100000',
    'waiting events above which the streams of a queue stop reading until it has drained',
  ),
  worker('HTTP_HOST', 'httpHost', '127.0.0.1', 'address of metrics, health and status'),
  worker('HTTP_PORT', 'httpPort', '9464', 'their port; 0 turns them off'),
  worker(
    'ADMIN_TOKEN',
    'adminToken',
    null,
    'bearer token for HTTP calls that change state; without it they are refused',
    true,
  ),
  worker('LOG_LEVEL', 'logLevel', 'info', 'trace, debug, info, warn, error, fatal or silent; one JSON line each'),
  worker(
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'otlpEndpoint',
    null,
    'OpenTelemetry collector that receives traces over HTTP, for example http://127.0.0.1:4318; without it there are none',
  ),
  worker(
    'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    'otlpTracesEndpoint',
    null,
    'the whole URL for traces instead, where it does not end in /v1/traces',
  ),
];

/** The default of a variable, for the one place that applies it. */
export function defaultOf(name: string): string | null {
  return ENVIRONMENT.find((setting) => setting.name === name)?.default ?? null;
}

/**
 * The text of a variable: its own, or that of the file that `<name>_FILE` names. Blank counts as unset, as in `NAME=` of an
 * env file. One line break at the end of a file is not part of the secret.
 */
export function readVariable(
  name: string,
  { env, readFile }: { readonly env: Environment; readonly readFile: ReadFile },
): string | Unobtainable | undefined {
  const text = present(env[name]);
  const fileVariable = `${name}_FILE`;
  const path = present(env[fileVariable]);
  if (path === undefined) {
    return text;
  }
  if (text !== undefined) {
    return new Unobtainable(`and ${fileVariable} are both set: keep one of them`, name);
  }
  let content: string;
  try {
    content = readFile(path);
  } catch (error) {
    return new Unobtainable(`cannot be read from ${JSON.stringify(path)} (${reasonOf(error)})`, fileVariable);
  }
  return (
    present(content.replace(/\r?\n$/, '')) ??
    new Unobtainable(`names an empty file, ${JSON.stringify(path)}`, fileVariable)
  );
}

/** `ENOENT` and the like; a message could hold anything. */
export function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'not readable';
}

function present(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === '' ? undefined : text;
}
