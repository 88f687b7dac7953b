import { z } from 'zod';
import { CUSTOM_OBJECT_HINT, findKnownObject, nearestKnownObject } from '../catalogue.js';
import { defaultOf } from './environment.js';
import {
  formatDuration,
  parseCollectorUrl,
  parseConnectionName,
  parseDuration,
  parseEndpoint,
  parseFieldName,
  parseHost,
  parseInterval,
  parseLogLevel,
  parseObjectName,
  parseOffset,
  parseOperation,
  parsePositiveDuration,
  parseQueueName,
  parseQueuePrefix,
  parseRedisUrl,
  parseSecret,
  parseStartFrom,
  parseText,
  parseToken,
  wholeNumber,
} from './parsers.js';
import { describeReceived, FilledText, Unobtainable } from './raw-value.js';
import { Refusal } from './refusal.js';
import type { ConnectionSettings, Settings, TriggerSettings } from './settings.js';

/** What a problem says: a sentence that the setting's name begins, or (`: …`) a remark on it. */
export interface ProblemParams {
  readonly sentence: string;
  /** The name to begin with, where it is not that of the place. */
  readonly name?: string;
  /** What to do about it in the file of settings. */
  readonly inFile?: string;
}

type Issues = z.core.$RefinementCtx<unknown>;

function complain(
  issues: Issues,
  sentence: string,
  { path = [], ...rest }: { readonly path?: PropertyKey[]; readonly name?: string; readonly inFile?: string } = {},
): void {
  const params: ProblemParams = { sentence, ...rest };
  issues.addIssue({ code: 'custom', message: sentence, path, params: { ...params } });
}

/** Runs a parser on one raw value. undefined means that a problem was noted. */
function read<T>(
  value: unknown,
  parse: (text: string) => T,
  issues: Issues,
  { untouched = false } = {},
): T | undefined {
  if (value instanceof Unobtainable) {
    complain(issues, value.problem, value.name === undefined ? {} : { name: value.name });
    return undefined;
  }
  const text = value instanceof FilledText ? value.text : value;
  if (typeof text !== 'string') {
    complain(issues, `expects a text, got ${describeReceived(value)}`);
    return undefined;
  }
  try {
    return parse(untouched ? text : text.trim());
  } catch (error) {
    if (!(error instanceof Refusal)) {
      throw error;
    }
    complain(issues, error.hidesValue ? error.message : `${error.message}, got ${describeReceived(value)}`);
    return undefined;
  }
}

// A leaf that fails is undefined in what the cross checks see, and is always reported: hence the casts to the type of success.

/** Also nothing at all: the leaves decide themselves what a missing key means. */
const anything = z.unknown().optional();

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

/** Refused when it is missing and there is no default. */
function required<T>(parse: (text: string) => T, fallback: string | null = null) {
  return anything.transform((value, issues) => {
    if (isAbsent(value) && fallback === null) {
      complain(issues, 'is missing');
      return undefined as T;
    }
    return read(value ?? fallback, parse, issues) as T;
  });
}

/** As `required`, without a word about the value and without trimming it. */
function requiredSecret<T>(parse: (text: string) => T) {
  return anything.transform((value, issues) => {
    if (isAbsent(value)) {
      complain(issues, 'is missing');
      return undefined as T;
    }
    return read(value, parse, issues, { untouched: true }) as T;
  });
}

function optional<T>(parse: (text: string) => T) {
  return anything.transform((value, issues) => (isAbsent(value) ? null : (read(value, parse, issues) as T)));
}

/** A list, or a text with commas. Never empty, nothing twice; null when missing. */
function optionalList<T extends string>(parse: (text: string) => T, what: string) {
  return anything.transform((value, issues) => (isAbsent(value) ? null : readList(value, parse, what, issues)));
}

/** As `optionalList`, with the word `all` for no list at all. */
function allOrList<T extends string>(parse: (text: string) => T, what: string) {
  return anything.transform((value, issues): 'all' | readonly T[] => {
    if (isAbsent(value)) {
      return 'all';
    }
    const items: readonly string[] = readList(value, parse, what, issues);
    if (items.length === 1 && items[0] === 'all') {
      return 'all';
    }
    if (items.includes('all')) {
      complain(issues, `expects either all or ${what}, got both`);
    }
    return items as readonly T[];
  });
}

function readList<T extends string>(
  value: unknown,
  parse: (text: string) => T,
  what: string,
  issues: Issues,
): readonly T[] {
  const whole = value instanceof FilledText ? value.text : value;
  if (!Array.isArray(whole) && typeof whole !== 'string') {
    if (value instanceof Unobtainable) {
      read(value, parse, issues);
    } else {
      complain(issues, `expects ${what}, got ${describeReceived(value)}`);
    }
    return [];
  }
  const parts = Array.isArray(whole)
    ? whole
    : whole.split(',').flatMap((part) => (part.trim() === '' ? [] : [hideFilled(part, value)]));
  if (parts.length === 0) {
    complain(issues, `expects ${what}, got an empty list`);
  }
  const items: T[] = [];
  for (const part of parts) {
    const item = read(part, parse, issues);
    if (item !== undefined && items.includes(item)) {
      complain(issues, `: ${describeReceived(part)} is listed twice`);
    } else if (item !== undefined) {
      items.push(item);
    }
  }
  return items;
}

function hideFilled(part: string, whole: unknown): string | FilledText {
  return whole instanceof FilledText ? new FilledText(part, whole.template) : part;
}

const MOST_VALUES_OF_A_FILTER = 1_000;

const where = anything.transform((value, issues): Readonly<Record<string, string | readonly string[]>> => {
  const conditions: Record<string, string | readonly string[]> = Object.create(null);
  if (isAbsent(value)) {
    return conditions;
  }
  if (
    typeof value !== 'object' ||
    Array.isArray(value) ||
    value instanceof FilledText ||
    value instanceof Unobtainable
  ) {
    complain(issues, `expects fields with a value or a list of values each, got ${describeReceived(value)}`);
    return conditions;
  }
  for (const [field, wanted] of Object.entries(value)) {
    const fieldName = read(field, parseFieldName, issues);
    const values = (Array.isArray(wanted) ? wanted : [wanted]).map((item) => read(item, parseText, issues));
    if (values.length === 0 || values.length > MOST_VALUES_OF_A_FILTER) {
      complain(issues, `: ${field} expects 1 to ${MOST_VALUES_OF_A_FILTER} values, got ${values.length}`);
    }
    if (fieldName !== undefined) {
      const texts = values.filter((item) => item !== undefined);
      conditions[fieldName] = Array.isArray(wanted) ? texts : (texts[0] ?? '');
    }
  }
  return conditions;
});

/** As `createdField`: the object has no audit time of creation, whatever the catalogue says. */
const NO_FIELD = 'none';

const triggerSchema = z.strictObject(
  {
    object: required(parseObjectName),
    on: optionalList(parseOperation, 'created, updated or both'),
    key: optional(parseFieldName),
    modifiedField: optional(parseFieldName),
    createdField: optional(parseFieldName),
    fields: allOrList(parseFieldName, 'names of fields'),
    ignoreFields: optionalList(parseFieldName, 'names of fields'),
    where,
    every: optional(parseInterval),
    startFrom: optional(parseStartFrom),
    queues: optionalList(parseQueueName, 'names of queues'),
  },
  { error: expects('a trigger') },
);

const connectionSchema = z.strictObject(
  {
    name: required(parseConnectionName),
    endpoint: required(parseEndpoint, defaultOf('INTACCT_ENDPOINT')),
    senderId: required(parseText),
    senderPassword: requiredSecret(parseSecret),
    companyId: required(parseText),
    userId: required(parseText),
    userPassword: requiredSecret(parseSecret),
    locations: allOrList(parseText, 'Location IDs'),
    maxConcurrentRequests: required(wholeNumber(1, 100), '1'),
    monthlyTransactions: optional(wholeNumber(1, 1e12)),
    timezoneOffset: required(parseOffset, '+00:00'),
    triggers: z.array(triggerSchema, { error: expects('a list of triggers') }),
  },
  { error: expects('a connection') },
);

const settingsSchema = z
  .strictObject({
    redisUrl: required(parseRedisUrl, defaultOf('REDIS_URL')),
    queuePrefix: required(parseQueuePrefix, defaultOf('QUEUE_PREFIX')),
    eventsQueue: required(parseQueueName, defaultOf('EVENTS_QUEUE')),
    pollEvery: required(parseInterval, defaultOf('POLL_EVERY')),
    startFrom: required(parseStartFrom, defaultOf('START_FROM')),
    settle: required(parseDuration, defaultOf('SETTLE')),
    overlap: required(parseDuration, defaultOf('OVERLAP')),
    sweepEvery: required(parsePositiveDuration, defaultOf('SWEEP_EVERY')),
    sweepBack: required(parseDuration, defaultOf('SWEEP_BACK')),
    queueHighWater: required(wholeNumber(1, 1_000_000_000), defaultOf('QUEUE_HIGH_WATER')),
    httpHost: required(parseHost, defaultOf('HTTP_HOST')),
    httpPort: required(wholeNumber(0, 65_535), defaultOf('HTTP_PORT')),
    adminToken: optional(parseToken),
    logLevel: required(parseLogLevel, defaultOf('LOG_LEVEL')),
    otlpEndpoint: optional(parseCollectorUrl),
    otlpTracesEndpoint: optional(parseCollectorUrl),
    connections: z.array(connectionSchema, { error: expects('a list of connections') }),
  })
  // Also when single values were refused, so that all mistakes are told at once.
  .superRefine(checkTogether, { when: () => true });

type Checked = z.output<typeof settingsSchema>;
type CheckedConnection = Checked['connections'][number];
type CheckedTrigger = CheckedConnection['triggers'][number];

function expects(what: string) {
  return ({ code, input }: { readonly code?: string; readonly input?: unknown }) => {
    if (code === 'unrecognized_keys') {
      return undefined;
    }
    if (input instanceof Unobtainable) {
      return input.problem;
    }
    return isAbsent(input) ? 'is missing' : `expects ${what}, got ${describeReceived(input)}`;
  };
}

/** Known keys at a place of the tree, for the hint at a misspelt one. */
export function keysAt(path: readonly PropertyKey[]): readonly string[] {
  const names = path.filter((key) => typeof key === 'string');
  if (names.at(-1) === 'triggers') {
    return Object.keys(triggerSchema.shape);
  }
  return names.at(-1) === 'connections' ? Object.keys(connectionSchema.shape) : [];
}

export type CheckResult =
  | { readonly settings: Settings; readonly issues?: never }
  | { readonly issues: readonly z.core.$ZodIssue[]; readonly settings?: never };

/** @param raw the tree that environment and file were put into. */
export function checkSettings(raw: unknown): CheckResult {
  const result = settingsSchema.safeParse(raw);
  return result.success ? { settings: toSettings(result.data) } : { issues: result.error.issues };
}

/** What is left of a mapping when single values were refused. */
type Partly<T> = { readonly [Key in keyof T]?: T[Key] | undefined };

/** What no single value can know. Values that were refused are undefined here, lists and mappings of any shape. */
function checkTogether(checked: Partly<Checked>, issues: Issues): void {
  const { overlap, sweepBack } = checked;
  if (overlap !== undefined && sweepBack !== undefined && sweepBack < overlap) {
    const got = JSON.stringify(formatDuration(sweepBack));
    complain(issues, `expects at least OVERLAP (${formatDuration(overlap)}), got ${got}`, { path: ['sweepBack'] });
  }
  const path = ['connections'];
  if (Array.isArray(checked.connections) && checked.connections.length === 0) {
    complain(issues, 'expects at least one connection, got an empty list', { path });
  }
  const names = new Set<string>();
  for (const [index, connection] of mappingsOf(checked.connections)) {
    const { name } = connection;
    if (name !== undefined && names.has(name)) {
      complain(issues, `: ${JSON.stringify(name)} is the name of another connection`, {
        path: [...path, index, 'name'],
      });
    }
    names.add(name ?? '');
    checkTriggers(connection, [...path, index, 'triggers'], issues);
  }
}

function checkTriggers(connection: Partly<CheckedConnection>, path: PropertyKey[], issues: Issues): void {
  if (Array.isArray(connection.triggers) && connection.triggers.length === 0) {
    complain(issues, 'expects at least one trigger, got an empty list', { path });
  }
  const objects = new Set<string>();
  for (const [index, trigger] of mappingsOf(connection.triggers)) {
    const { object, key, modifiedField, ignoreFields } = trigger;
    if (object === undefined) {
      continue;
    }
    const known = findKnownObject(object);
    if (known === undefined && (key === null || modifiedField === null)) {
      complainOfUnknown(object, [...path, index, 'object'], issues);
    }
    // Their events would have the same type and their streams the same place.
    if (objects.has(object.toUpperCase())) {
      complain(issues, `: ${JSON.stringify(object)} is watched twice`, { path: [...path, index, 'object'] });
    }
    objects.add(object.toUpperCase());
    for (const field of [key ?? known?.keyField, modifiedField ?? known?.modifiedField]) {
      if (field !== undefined && ignoreFields?.includes(field)) {
        complain(issues, `: ${field} tells versions apart and cannot be ignored`, {
          path: [...path, index, 'ignoreFields'],
        });
      }
    }
  }
}

function complainOfUnknown(object: string, path: PropertyKey[], issues: Issues): void {
  const nearest = nearestKnownObject(object);
  const question = nearest === undefined ? '' : `; did you mean ${nearest}?`;
  const custom = CUSTOM_OBJECT_HINT;
  complain(issues, `: ${JSON.stringify(object)} is not a known object${question}`, {
    path,
    inFile:
      nearest === undefined
        ? `set key and modifiedField to watch it; custom objects mostly have ${custom.keyField} and ${custom.modifiedField}`
        : 'set key and modifiedField to watch it anyway',
  });
}

function mappingsOf<T extends object>(list: readonly T[] | undefined): readonly (readonly [number, Partly<T>])[] {
  return Array.isArray(list)
    ? list.flatMap((item: T, index) => (typeof item === 'object' && !isAbsent(item) ? [[index, item] as const] : []))
    : [];
}

function toSettings(checked: Checked): Settings {
  return {
    redisUrl: checked.redisUrl,
    queuePrefix: checked.queuePrefix,
    eventsQueue: checked.eventsQueue,
    queueHighWater: checked.queueHighWater,
    http: checked.httpPort === 0 ? null : { host: checked.httpHost, port: checked.httpPort },
    adminToken: checked.adminToken,
    logLevel: checked.logLevel,
    tracesUrl: checked.otlpTracesEndpoint ?? tracesBelow(checked.otlpEndpoint),
    margins: {
      settleMs: checked.settle,
      overlapMs: checked.overlap,
      sweepEveryMs: checked.sweepEvery,
      sweepBackMs: checked.sweepBack,
    },
    connections: checked.connections.map((connection) => toConnection(connection, checked)),
  };
}

/** Where a collector takes traces, as OpenTelemetry has it. */
function tracesBelow(endpoint: string | null): string | null {
  return endpoint === null ? null : `${endpoint.replace(/\/$/, '')}/v1/traces`;
}

function toConnection(connection: CheckedConnection, checked: Checked): ConnectionSettings {
  return {
    name: connection.name,
    endpoint: connection.endpoint,
    senderId: connection.senderId,
    senderPassword: connection.senderPassword,
    companyId: connection.companyId,
    userId: connection.userId,
    userPassword: connection.userPassword,
    locations: connection.locations,
    maxConcurrentRequests: connection.maxConcurrentRequests,
    monthlyTransactions: connection.monthlyTransactions,
    timezoneOffsetMinutes: connection.timezoneOffset,
    triggers: connection.triggers.map((trigger) => toTrigger(trigger, checked)),
  };
}

function toTrigger(trigger: CheckedTrigger, { pollEvery, startFrom, eventsQueue }: Checked): TriggerSettings {
  const known = findKnownObject(trigger.object);
  // An unknown object without them was refused.
  const keyField = trigger.key ?? known?.keyField ?? '';
  const modifiedField = trigger.modifiedField ?? known?.modifiedField ?? '';
  const createdField = trigger.createdField === NO_FIELD ? null : (trigger.createdField ?? known?.createdField ?? null);
  const needed = [keyField, modifiedField, ...(createdField === null ? [] : [createdField])];
  return {
    object: known?.object ?? trigger.object,
    on: trigger.on ?? ['created', 'updated'],
    keyField,
    modifiedField,
    createdField,
    fields: trigger.fields === 'all' ? 'all' : [...new Set([...needed, ...trigger.fields])],
    ignoreFields: trigger.ignoreFields ?? [],
    where: trigger.where,
    everyMs: trigger.every ?? pollEvery,
    startFrom: trigger.startFrom ?? startFrom,
    queues: trigger.queues ?? [eventsQueue],
  };
}
