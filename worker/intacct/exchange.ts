import { badAnswer } from './bad-answer.js';
import {
  classify,
  classifyHttpStatus,
  isKnown,
  type Refusal,
  type RefusedRequest,
  tooManyRequests,
} from './classify.js';
import type { IntacctError } from './errors.js';
import type { HttpAnswer } from './http.js';
import { type IntacctResponse, parseResponse } from './response-xml.js';

export interface Expected {
  readonly functionControlIds: readonly string[];
  readonly request: RefusedRequest;
  readonly secrets: readonly string[];
}

/**
 * What an HTTP answer means for the request as a whole. Sage says no with HTTP 200, with 400 and 401 and XML, and things in front
 * of it with any status and HTML: words of Sage that are known win over the status, the status over words that are not.
 * Single functions of an accepted request may still be refused.
 * @throws {IntacctError} unless the request was accepted.
 */
export function accept(answer: HttpAnswer, expected: Expected): IntacctResponse {
  if (answer.status === 429) throw tooManyRequests(429, answer.retryAfterMs);
  const succeeded = answer.status >= 200 && answer.status < 300;
  let response: IntacctResponse;
  try {
    response = parseResponse(answer.body);
  } catch (error) {
    throw succeeded ? error : classifyHttpStatus(answer.status, answer.retryAfterMs);
  }
  const refusal = refusalOfAll(response);
  if (refusal !== undefined) {
    const whole = { ...refusal, httpStatus: answer.status, retryAfterMs: answer.retryAfterMs };
    if (answer.status >= 500 && !isKnown(whole, expected.request))
      throw classifyHttpStatus(answer.status, answer.retryAfterMs);
    throw classify(whole, expected.request, expected.secrets);
  }
  if (!succeeded) throw classifyHttpStatus(answer.status, answer.retryAfterMs);
  requireResults(response, expected.functionControlIds);
  return response;
}

function refusalOfAll(response: IntacctResponse): Refusal | undefined {
  const { authentication } = response;
  if (!response.controlSucceeded)
    return { level: 'control', errors: [...response.controlErrors, ...response.operationErrors] };
  if (authentication !== undefined && !authentication.succeeded) {
    return { level: 'authentication', errors: [...response.operationErrors, ...response.controlErrors] };
  }
  const errors = [...response.operationErrors, ...response.controlErrors];
  if (errors.length === 0) return undefined;
  // Refused after the sign-in went through: not a reason to doubt the credentials.
  return { level: authentication === undefined ? 'authentication' : 'function', errors };
}

/** Results come back in order and echo the control ids (Sage's documentation); anything else is the answer to another request. */
function requireResults(response: IntacctResponse, controlIds: readonly string[]): void {
  if (response.results.length !== controlIds.length)
    throw badAnswer('UNEXPECTED_ANSWER', 'another number of results than functions');
  for (const [index, result] of response.results.entries()) {
    if (result.controlId !== null && result.controlId !== controlIds[index]) {
      throw badAnswer('UNEXPECTED_ANSWER', 'a result of another function');
    }
  }
}

/** True when the request may not have reached Sage at all, so that a sign-in may be sent again without a risk. */
export function neverArrived(error: IntacctError): boolean {
  return error.code === 'CONNECT_FAILED' || error.code === 'TLS_FAILED' || error.code === 'GATEWAY_ERROR';
}
