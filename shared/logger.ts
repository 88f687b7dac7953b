import { type DestinationStream, type LevelWithSilent, type Logger, pino, stdTimeFunctions } from 'pino';

export type { Logger } from 'pino';

const SERVICE = 'sage-intacct-trigger-worker';

/**
 * Names whose values are never written, at the top of a line and up to two objects deep. A second net only: secrets are
 * `Secret`s and rows are never logged.
 */
const REDACTED_NAMES = [
  'adminToken',
  'authorization',
  'cookie',
  'password',
  'record',
  'redisUrl',
  'row',
  'secret',
  'senderPassword',
  'sessionid',
  'sessionId',
  'token',
  'userPassword',
];

/**
 * One JSON line for each entry: ISO time, level as a word, `service`. Lines are written synchronously (to standard output when
 * no destination is given), so that the last words before an exit are not lost.
 */
export function createLogger(level: LevelWithSilent, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: { service: SERVICE, pid: process.pid },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError, error: describeError },
    redact: { paths: REDACTED_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** `describeSettings` says of secrets only whether they are set: that may stay. */
function censor(value: unknown): string {
  return value === 'set' || value === 'unset' ? value : '[secret]';
}

interface DescribedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: DescribedError;
}

/**
 * Only the fields named here, never an error's other properties: HTTP and Redis clients hang requests, headers and the
 * arguments of AUTH on their errors.
 */
function describeError(error: unknown, depth = 0): DescribedError {
  if (!(error instanceof Error)) {
    return { type: typeof error, message: mask(String(error)) };
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return {
    type: error.name,
    message: mask(error.message),
    ...(code === undefined ? {} : { code }),
    ...(error.stack === undefined ? {} : { stack: mask(error.stack) }),
    ...(error.cause === undefined || depth >= 5 ? {} : { cause: describeError(error.cause, depth + 1) }),
  };
}

/** Passwords in URLs, and elements of a request that hold one. */
function mask(text: string): string {
  return text.replace(/(\w+:\/\/)[^\s/@]*@/g, '$1[secret]@').replace(/<(password|sessionid)>[^<]*/gi, '<$1>[secret]');
}
