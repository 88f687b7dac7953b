import { POLLS_QUEUE, REJECTED_QUEUE } from '../../shared/queues.js';
import { Secret } from '../../shared/secret.js';
import { Refusal } from './refusal.js';
import type { LogLevel, StartFrom, TriggerOperation } from './settings.js';

// Each parser turns the text of one setting into its value or throws a `Refusal`.

const MS_PER_UNIT = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const LONGEST_DURATION_MS = 366 * MS_PER_UNIT.d;

export function parseDuration(text: string): number {
  const durationMs = durationOrUndefined(text);
  if (durationMs === undefined) {
    throw new Refusal('expects a duration like 30s or 5m');
  }
  if (durationMs > LONGEST_DURATION_MS) {
    throw new Refusal('expects a duration of at most 366d');
  }
  return durationMs;
}

export function parseInterval(text: string): number {
  const everyMs = parseDuration(text);
  if (everyMs < 1_000) {
    throw new Refusal('expects a duration of at least 1s');
  }
  return everyMs;
}

export function parsePositiveDuration(text: string): number {
  const durationMs = parseDuration(text);
  if (durationMs === 0) {
    throw new Refusal('expects a duration above 0s');
  }
  return durationMs;
}

function durationOrUndefined(text: string): number | undefined {
  const match = /^(\d{1,12}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text);
  return match === null ? undefined : Math.round(Number(match[1]) * MS_PER_UNIT[match[2] as keyof typeof MS_PER_UNIT]);
}

/** The shortest text that `parseDuration` reads as this many milliseconds. */
export function formatDuration(durationMs: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    if (durationMs !== 0 && durationMs % MS_PER_UNIT[unit] === 0) {
      return `${durationMs / MS_PER_UNIT[unit]}${unit}`;
    }
  }
  return durationMs === 0 ? '0s' : `${durationMs}ms`;
}

export function parseStartFrom(text: string): StartFrom {
  if (durationOrUndefined(text) !== undefined) {
    return { agoMs: parseDuration(text) };
  }
  const atMs = instantOrUndefined(text);
  if (atMs === undefined) {
    throw new Refusal('expects a duration like 1h or an instant with its zone like 2026-11-01T00:00:00Z');
  }
  return { atMs };
}

function instantOrUndefined(text: string): number | undefined {
  const match = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/.exec(text);
  const atMs = Date.parse(text);
  if (match === null || Number.isNaN(atMs)) {
    return undefined;
  }
  // Date.parse moves February 30 into March.
  const dayMs = Date.parse(`${match[1]}T00:00:00Z`);
  return new Date(dayMs).toISOString().startsWith(`${match[1]}T`) ? atMs : undefined;
}

/** `+HH:MM` → minutes. */
export function parseOffset(text: string): number {
  const match = /^([+-])(\d\d):([0-5]\d)$/.exec(text);
  const minutes = match === null ? Number.NaN : Number(match[2]) * 60 + Number(match[3]);
  if (match === null || minutes > 14 * 60) {
    throw new Refusal('expects an offset from UTC like +00:00 or -08:00');
  }
  return match[1] === '-' && minutes !== 0 ? -minutes : minutes;
}

/** Minutes → `+HH:MM`. */
export function formatOffset(minutes: number): string {
  const digits = (value: number) => String(value).padStart(2, '0');
  const distance = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${digits(Math.floor(distance / 60))}:${digits(distance % 60)}`;
}

export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most)) {
      throw new Refusal(`expects a whole number from ${least} to ${most}`);
    }
    return value;
  };
}

/** Control characters and lone surrogates: neither can be written in XML 1.0, and none is ever meant. */
const UNWRITABLE = /[\p{Cc}\p{Cs}]/u;

export function parseText(text: string): string {
  if (text === '') {
    throw new Refusal('expects a text that is not empty');
  }
  if (UNWRITABLE.test(text)) {
    throw new Refusal('expects a text without line breaks and other control characters');
  }
  return text;
}

export function parseSecret(text: string): Secret {
  try {
    return new Secret(parseText(text));
  } catch (error) {
    throw error instanceof Refusal ? new Refusal(error.message, { hidesValue: true }) : error;
  }
}

/** Sent as `Authorization: Bearer <token>`: what such a header can carry. */
export function parseToken(text: string): Secret {
  if (!/^[\x21-\x7e]+$/.test(text)) {
    throw new Refusal('expects printable ASCII characters without blanks', { hidesValue: true });
  }
  return new Secret(text);
}

export function parseRedisUrl(text: string): Secret {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const usable =
    url !== undefined &&
    (url.protocol === 'redis:' || url.protocol === 'rediss:') &&
    url.hostname !== '' &&
    /^(\/\d*)?$/.test(url.pathname);
  if (!usable) {
    throw new Refusal('expects a URL like redis://127.0.0.1:6379 or rediss://user:password@host:6379/0', {
      hidesValue: true,
    });
  }
  return new Secret(text);
}

/** Credentials are sent there, so it is https, or this very machine. */
export function parseEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && (url.username !== '' || url.password !== '')) {
    throw new Refusal('expects a URL without user name and password', { hidesValue: true });
  }
  if (url === undefined || !(url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname)))) {
    throw new Refusal('expects an https URL (http is accepted for loopback hosts only)');
  }
  if (url.search !== '' || url.hash !== '') {
    throw new Refusal('expects a URL without "?" and "#"', { hidesValue: true });
  }
  return url.href;
}

/** Of a collector. What it wants to know of the sender goes into headers, which are not shown. */
export function parseCollectorUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && `${url.username}${url.password}${url.search}${url.hash}` !== '') {
    throw new Refusal('expects a URL without user name, password, "?" and "#"', { hidesValue: true });
  }
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new Refusal('expects an http or https URL like http://127.0.0.1:4318');
  }
  return url.href;
}

/** `hostname` as the URL class writes it: there 127.1 and 0x7f000001 have become 127.0.0.1. */
function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

export function parseHost(text: string): string {
  if (!/^[A-Za-z0-9._:-]+$/.test(text)) {
    throw new Refusal('expects an address to listen on like 127.0.0.1 or 0.0.0.0');
  }
  return text;
}

const CONNECTION_NAME = /^[A-Za-z0-9._-]{1,64}$/;

export function parseConnectionName(text: string): string {
  if (!CONNECTION_NAME.test(text)) {
    throw new Refusal('expects 1 to 64 letters, digits, ".", "_" or "-"');
  }
  return text;
}

/** The name of the one connection that the environment describes. */
export function connectionNameFor(companyId: string): string {
  return companyId
    .trim()
    .replace(/[^A-Za-z0-9._-]/g, '-')
    .slice(0, 64);
}

/** Braces only as a Redis Cluster hash tag: one pair with something inside. */
export function parseQueuePrefix(text: string): string {
  if (!/^[A-Za-z0-9._:-]*(\{[A-Za-z0-9._:-]+\}[A-Za-z0-9._:-]*)?$/.test(text) || text === '') {
    throw new Refusal('expects letters, digits, ".", "_", ":" or "-", or {name} on a Redis Cluster');
  }
  return text;
}

export function parseQueueName(text: string): string {
  if (!/^[A-Za-z0-9._{}/-]{1,128}$/.test(text)) {
    throw new Refusal('expects a queue name of letters, digits, ".", "_", "/" or "-"');
  }
  if (text === REJECTED_QUEUE || text.startsWith(POLLS_QUEUE)) {
    throw new Refusal(
      `expects a queue other than ${REJECTED_QUEUE} and ${POLLS_QUEUE}, which the worker keeps for itself`,
    );
  }
  return text;
}

export function parseObjectName(text: string): string {
  if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(text)) {
    throw new Refusal('expects the name of an Intacct object like CUSTOMER');
  }
  return text;
}

/** Dots lead to fields of a related object: `VENDOR.NAME`. */
export function parseFieldName(text: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$/.test(text)) {
    throw new Refusal('expects the name of a field like WHENMODIFIED');
  }
  return text;
}

function oneOf<const T extends string>(choices: readonly T[]): (text: string) => T {
  return (text) => {
    const choice = choices.find((candidate) => candidate === text.toLowerCase());
    if (choice === undefined) {
      throw new Refusal(`expects ${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`);
    }
    return choice;
  };
}

export const parseLogLevel: (text: string) => LogLevel = oneOf([
  'trace',
  'debug',
  'info',
  'warn',
  'error',
  'fatal',
  'silent',
]);

export const parseOperation: (text: string) => TriggerOperation = oneOf(['created', 'updated']);
