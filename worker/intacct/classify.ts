import { DEFAULT_RULES, ERROR_RULES, type ErrorRule, type RefusedRequest, RULE_CODES } from './error-rules.js';
import { IntacctError } from './errors.js';
import { comparableText, type SageError } from './sage-error.js';

export type { RefusedRequest } from './error-rules.js';

/**
 * Errors with these codes may pass or may stay for good, and nothing in the answer tells which: after this many attempts in a row
 * the caller treats them as `blockStream`.
 */
export const ATTEMPTS_BEFORE_PERMANENT = 5;
export const PERHAPS_PERMANENT: ReadonlySet<string> = new Set([
  RULE_CODES.processingFailed,
  RULE_CODES.unknownFunctionError,
]);

export const INVALID_SESSION = RULE_CODES.invalidSession;
export const TOP_LEVEL_REFUSED = RULE_CODES.topLevelRefused;

export interface Refusal {
  readonly level: 'control' | 'authentication' | 'function';
  readonly errors: readonly SageError[];
  /** Of a function: `aborted` needs no error to be understood. */
  readonly status?: string;
  readonly httpStatus?: number;
  readonly retryAfterMs?: number | undefined;
}

/** @param secrets texts that Sage might repeat in its own words; none of them leaves with the error. */
export function classify(refusal: Refusal, request: RefusedRequest, secrets: readonly string[] = []): IntacctError {
  const found = firstRule(refusal, request);
  const rule = found?.rule ?? fallback(refusal);
  const spoken = found?.error ?? refusal.errors[0];
  const fields = rule.action === 'dropFields' ? refusedFields(refusal.errors, rule, request) : [];
  const action = rule.action === 'dropFields' && fields.length === 0 ? 'blockStream' : rule.action;
  return new IntacctError(rule.message(request), {
    code: rule.code,
    action,
    level: refusal.level,
    advice:
      action === rule.action
        ? rule.advice(request)
        : `None of the fields asked for is named in the refusal: name the fields to read in the trigger of ${request.object ?? 'the object'}.`,
    errorno: spoken?.errorno ?? undefined,
    httpStatus: refusal.httpStatus,
    retryAfterMs: action === 'retryLater' ? (refusal.retryAfterMs ?? rule.retryAfterMs) : undefined,
    fields,
    sageText: spoken === undefined ? '' : sageWords(spoken, secrets),
    supportId: refusal.errors.find((error) => error.supportId !== null)?.supportId ?? undefined,
  });
}

/** True when the words of Sage are known, so that they say more than an HTTP status does. */
export function isKnown(refusal: Refusal, request: RefusedRequest): boolean {
  return firstRule(refusal, request) !== undefined;
}

/** What HTTP alone tells: no XML came with it. */
export function classifyHttpStatus(httpStatus: number, retryAfterMs: number | undefined): IntacctError {
  if (httpStatus === 429) return tooManyRequests(httpStatus, retryAfterMs);
  if (httpStatus >= 500 || httpStatus === 408 || httpStatus === 425) {
    return new IntacctError(`The gateway of Intacct answers with HTTP ${httpStatus}`, {
      code: 'GATEWAY_ERROR',
      action: 'retry',
      level: 'http',
      httpStatus,
      retryAfterMs,
      // 504 and the 524 of the network in front: the query took too long.
      smallerPage: httpStatus === 504 || httpStatus === 524,
      advice: 'Nothing to do if it passes; if it stays, see status.intacct.com.',
    });
  }
  if (httpStatus >= 300 && httpStatus < 400) {
    return new IntacctError('The endpoint wants to send the request elsewhere, it was not followed', {
      code: 'REDIRECTED',
      action: 'retryLater',
      level: 'http',
      httpStatus,
      advice:
        'Set the endpoint to its final https address; a proxy or a sign-in page of the network may stand in between.',
    });
  }
  return new IntacctError(`Something in front of Intacct refuses the request with HTTP ${httpStatus}`, {
    code: 'HTTP_REFUSED',
    action: 'retryLater',
    level: 'http',
    httpStatus,
    retryAfterMs,
    advice:
      'Check the endpoint, and whether a proxy, a firewall or an address filter stands between the worker and Intacct.',
  });
}

export function tooManyRequests(httpStatus: number, retryAfterMs: number | undefined): IntacctError {
  return new IntacctError('Sage Intacct asks for fewer requests', {
    code: RULE_CODES.rateLimited,
    action: 'retryLater',
    level: 'http',
    httpStatus,
    retryAfterMs,
    advice:
      'Poll less often or watch fewer objects, and see whether other integrations use this company at the same time.',
  });
}

function firstRule(
  refusal: Refusal,
  request: RefusedRequest,
): { rule: ErrorRule; error: SageError | undefined } | undefined {
  for (const rule of ERROR_RULES) {
    if (rule.levels !== undefined && !rule.levels.includes(refusal.level)) continue;
    if (rule.functionName !== undefined && rule.functionName !== request.functionName) continue;
    if (rule.errorno === undefined && rule.text === undefined) return { rule, error: refusal.errors[0] };
    const error = refusal.errors.find((candidate) => fits(rule, candidate));
    if (error !== undefined) return { rule, error };
  }
  return undefined;
}

function fits(rule: ErrorRule, error: SageError): boolean {
  if (rule.errorno !== undefined && !rule.errorno.test(error.errorno ?? '')) return false;
  return rule.text === undefined || rule.text.test(comparableText(error));
}

const ABORTED_RULE = ERROR_RULES.find((rule) => rule.code === 'ABORTED');

function fallback(refusal: Refusal): ErrorRule {
  if (refusal.status === 'aborted' && ABORTED_RULE !== undefined) return ABORTED_RULE;
  return DEFAULT_RULES[refusal.level];
}

/** Sage repeats the error once per field, or lists the names in its prose; only names that were asked for count. */
function refusedFields(errors: readonly SageError[], rule: ErrorRule, request: RefusedRequest): readonly string[] {
  const texts = errors.filter((error) => fits(rule, error)).map(comparableText);
  const asked = request.askedFields ?? [];
  const listed = asked.filter((field) => texts.some((text) => namesField(listPart(text), field)));
  if (listed.length > 0) return listed;
  return asked.filter((field) => field !== request.object && texts.some((text) => namesField(text, field)));
}

/** What stands in quotes or brackets or after the last colon: prose before it may hold words that are names of fields too. */
function listPart(text: string): string {
  const enclosed = text.match(/'[^']*'|"[^"]*"|\[[^\]]*\]|\([^)]*\)/g) ?? [];
  const colon = text.lastIndexOf(':');
  return [...enclosed, colon === -1 ? '' : text.slice(colon + 1)].join(' , ');
}

function namesField(text: string, field: string): boolean {
  const name = field.replace(/[^\w]/g, '\\$&');
  return new RegExp(`(?<![\\w])(?<!\\w\\.)${name}(?![\\w])(?!\\.\\w)`).test(text);
}

const MAX_WORDS = 1_000;

function sageWords(error: SageError, secrets: readonly string[]): string {
  const parts = [error.description, error.description2, error.correction].filter((part) => part !== null);
  const words = parts.length > 0 ? parts.join(' ') : (error.errorno ?? '');
  return secrets
    .filter((secret) => secret !== '')
    .reduce((text, secret) => text.replaceAll(secret, '[secret]'), words)
    .slice(0, MAX_WORDS);
}
