import { describe, expect, test } from '@jest/globals';

import { classify, PERHAPS_PERMANENT } from '../../../worker/intacct/classify.js';
import type { ErrorAction, IntacctError } from '../../../worker/intacct/errors.js';
import { accept } from '../../../worker/intacct/exchange.js';
import type { HttpAnswer } from '../../../worker/intacct/http.js';
import { parseResponse } from '../../../worker/intacct/response-xml.js';
import {
  controlFailure,
  type ErrorParts,
  functionFailure,
  operation,
  resultElement,
  signInFailure,
} from './payloads.js';

const request = {
  senderId: 'acme-sender',
  companyId: 'ACME',
  userId: 'bot',
  location: null,
  functionName: 'query',
  object: 'APBILL',
  askedFields: ['RECORDNO', 'NAME', 'VENDOR.NAME', 'TOTALDUE', 'TOTALDUE.X', 'STATE', 'APBILL'],
};

/** How a whole answer ends, through HTTP, XML and classification. */
function endOf(body: string, answer: Partial<HttpAnswer> = {}): IntacctError {
  const whole: HttpAnswer = {
    status: 200,
    contentType: 'text/xml',
    retryAfterMs: undefined,
    serverDateMs: undefined,
    body,
    ...answer,
  };
  try {
    accept(whole, { functionControlIds: ['f1'], request, secrets: ['sender secret', 'abc..'] });
  } catch (error) {
    return error as IntacctError;
  }
  throw new Error('the request was accepted');
}

function functionError(...errors: readonly ErrorParts[]): IntacctError {
  const [result] = parseResponse(functionFailure(...errors)).results;
  return classify({ level: 'function', errors: result?.errors ?? [], status: 'failure' }, request);
}

const HTML = '<html><head><title>Just a moment...</title></head><body>challenge</body></html>';

describe('HTTP', () => {
  test.each<[string, number, string, string, ErrorAction]>([
    ['429 with HTML', 429, HTML, 'RATE_LIMITED', 'retryLater'],
    ['429 with XML', 429, controlFailure({ errorno: 'GW-0010', description: 'x' }), 'RATE_LIMITED', 'retryLater'],
    ['500', 500, '', 'GATEWAY_ERROR', 'retry'],
    ['502', 502, HTML, 'GATEWAY_ERROR', 'retry'],
    ['503', 503, HTML, 'GATEWAY_ERROR', 'retry'],
    ['505', 505, HTML, 'GATEWAY_ERROR', 'retry'],
    [
      '500 with unknown words of Sage',
      500,
      controlFailure({ errorno: 'XX', description: 'Internal' }),
      'GATEWAY_ERROR',
      'retry',
    ],
    ['500 with a page', 500, operation(resultElement('<data/>')), 'GATEWAY_ERROR', 'retry'],
    ['HTML with 200', 200, HTML, 'NOT_INTACCT', 'retry'],
    ['nothing with 200', 200, '', 'EMPTY_BODY', 'retry'],
    ['403 with HTML', 403, HTML, 'HTTP_REFUSED', 'retryLater'],
    ['302', 302, '', 'REDIRECTED', 'retryLater'],
  ])('%s', (_what, status, body, code, action) => {
    expect(endOf(body, { status })).toMatchObject({ code, action, level: 'http' });
  });

  test.each([504, 524])('asks for a smaller page after %i', (status) => {
    expect(endOf(HTML, { status })).toMatchObject({
      code: 'GATEWAY_ERROR',
      action: 'retry',
      smallerPage: true,
      httpStatus: status,
    });
  });

  test('asks for a smaller page after a cut body', () => {
    expect(endOf(operation(resultElement('<data/>')).slice(0, -20))).toMatchObject({
      code: 'CUT_BODY',
      smallerPage: true,
    });
  });

  test('honours Retry-After', () => {
    expect(endOf(HTML, { status: 429, retryAfterMs: 42_000 }).retryAfterMs).toBe(42_000);
  });

  test('400 with GW-0011 is a malformed request: loud, permanent', () => {
    const body = controlFailure({ errorno: 'GW-0011', description: 'Malformed request' });
    expect(endOf(body, { status: 400 })).toMatchObject({
      code: 'REQUEST_MALFORMED',
      action: 'bug',
      level: 'control',
      httpStatus: 400,
    });
  });

  test('401 with XMLGW_JPP0002 blocks the connection', () => {
    const body = controlFailure({
      errorno: 'XMLGW_JPP0002',
      description: 'Sign-in information is incorrect. Please check your request.',
    });
    expect(endOf(body, { status: 401 })).toMatchObject({
      code: 'SIGN_IN_REFUSED',
      action: 'blockConnection',
      level: 'control',
    });
  });
});

describe('the request as a whole', () => {
  test.each<[string, string, string, ErrorAction, string]>([
    [
      'a wrong sender',
      controlFailure({
        errorno: 'XL03000006',
        description: '',
        description2: 'Incorrect Intacct XML Partner ID or password. [Support ID: a%7Eb]',
      }),
      'SENDER_REFUSED',
      'blockConnection',
      'control',
    ],
    [
      'XML that the schema refuses',
      controlFailure({ errorno: 'XL03000003', description: 'XML Parse schema error', description2: 'element x' }),
      'REQUEST_REFUSED_BY_SCHEMA',
      'bug',
      'control',
    ],
    [
      'an expired company',
      controlFailure({ errorno: 'PL04000055', description2: 'This company is a demo company and has expired.' }),
      'COMPANY_EXPIRED',
      'blockConnection',
      'control',
    ],
    [
      'a control failure that nobody knows',
      controlFailure({ errorno: 'invalidRequest', description: 'Invalid Request' }),
      'UNKNOWN_CONTROL_ERROR',
      'blockConnection',
      'control',
    ],
    ['a control failure without words', controlFailure(), 'UNKNOWN_CONTROL_ERROR', 'blockConnection', 'control'],
    [
      'a wrong password',
      signInFailure({ errorno: 'XL03000006', description2: 'Sign-in information is incorrect' }),
      'SIGN_IN_REFUSED',
      'blockConnection',
      'authentication',
    ],
    [
      'a session that ended',
      signInFailure({ errorno: 'XL03000006', description2: 'Invalid session' }),
      'INVALID_SESSION',
      'newSession',
      'authentication',
    ],
    [
      'a sender that is not authorised',
      signInFailure({
        errorno: 'XL03000006',
        description: 'Invalid Web Services Authorization',
        description2:
          'The sender ID &#039;acme-sender&#039; is not authorized to make Web Services requests to company ID &#039;ACME&#039;.',
      }),
      'SENDER_NOT_AUTHORISED',
      'blockConnection',
      'authentication',
    ],
    [
      'a user without the top level',
      signInFailure({ errorno: 'XL03000006', description2: 'The user is restricted to entities' }),
      'TOP_LEVEL_REFUSED',
      'blockConnection',
      'authentication',
    ],
    [
      'an entity that is none',
      signInFailure({ errorno: 'XL03000006', description2: 'The location ID 9 is not valid' }),
      'LOCATION_REFUSED',
      'blockStream',
      'authentication',
    ],
    [
      'a sign-in failure that nobody knows',
      signInFailure({ errorno: 'ZZ', description2: 'Computer says no' }),
      'UNKNOWN_SIGN_IN_ERROR',
      'blockConnection',
      'authentication',
    ],
    [
      'maintenance',
      controlFailure({ description: 'Intacct is Temporarily Off-line' }),
      'MAINTENANCE',
      'retryLater',
      'control',
    ],
    [
      'maintenance, told politely',
      signInFailure({ errorno: 'XL03000006', description2: 'Please Try Again Later' }),
      'MAINTENANCE',
      'retryLater',
      'authentication',
    ],
    [
      'too many requests',
      controlFailure({ errorno: 'GW-0010', description: 'x' }),
      'RATE_LIMITED',
      'retryLater',
      'control',
    ],
    [
      'too many requests, in prose',
      controlFailure({ errorno: 'The API rate limit was exceeded' }),
      'RATE_LIMITED',
      'retryLater',
      'control',
    ],
  ])('%s', (_what, body, code, action, level) => {
    expect(endOf(body)).toMatchObject({ code, action, level });
  });

  test('maintenance is waited out in minutes', () => {
    expect(endOf(controlFailure({ description: 'Temporarily Off-line' })).retryAfterMs).toBe(300_000);
  });

  test('an operator is told where to click', () => {
    const error = endOf(
      signInFailure({ description: 'Invalid Web Services Authorization', description2: 'no [Support ID: q%7EZ]' }),
    );
    expect(error.advice).toContain('"acme-sender"');
    expect(error.advice).toContain('Web Services authorizations');
    expect(error).toMatchObject({
      sageText: 'Invalid Web Services Authorization no',
      supportId: 'q%7EZ',
      errorno: undefined,
    });
  });

  test('never repeats a secret that Sage repeated', () => {
    const error = endOf(controlFailure({ errorno: 'XL03000003', description2: 'near sender secret, session abc..' }));
    expect(error.sageText).toBe('near [secret], session [secret]');
  });

  test('an answer with results of other functions is none', () => {
    expect(endOf(operation(resultElement('<data/>', 'other')))).toMatchObject({
      code: 'UNEXPECTED_ANSWER',
      action: 'retry',
    });
    expect(endOf(operation(''))).toMatchObject({ code: 'UNEXPECTED_ANSWER' });
    expect(endOf(operation(resultElement('<data/>') + resultElement('<data/>')))).toMatchObject({
      code: 'UNEXPECTED_ANSWER',
    });
  });
});

describe('a function', () => {
  test.each<[string, ErrorParts, string, ErrorAction]>([
    [
      'no permission',
      {
        errorno: 'PL04000005',
        description2: 'You do not have permission for API operation READ_BY_QUERY on objects of type apbill',
      },
      'NOT_PERMITTED',
      'blockStream',
    ],
    [
      'no permission, without a number',
      { description2: 'You do not have permission to view audit history' },
      'NOT_PERMITTED',
      'blockStream',
    ],
    [
      'an unknown object',
      { errorno: '', description2: 'Object definition INVOCIE not found' },
      'OBJECT_UNKNOWN',
      'blockStream',
    ],
    [
      'a module that was not bought',
      { errorno: 'XL03000006', description2: 'The company is not subscribed to Purchasing' },
      'NOT_SUBSCRIBED',
      'blockStream',
    ],
    [
      'an unknown field in the filter',
      { errorno: 'XL03000010', description2: 'Unknown field X' },
      'FILTER_FIELD_UNKNOWN',
      'blockStream',
    ],
    [
      'a failed process',
      { errorno: 'DL02000001', description2: 'There was an error processing the request.' },
      'PROCESSING_FAILED',
      'retry',
    ],
    [
      'an aborted transaction',
      { errorno: 'XL03000009', description2: 'The entire transaction was rolled back' },
      'ABORTED',
      'retry',
    ],
    ['maintenance', { errorno: 'DL02000001', description2: 'Please Try Again Later' }, 'MAINTENANCE', 'retryLater'],
    [
      'an invalid session',
      { errorno: 'XL03000006', description2: 'Invalid session. [Support ID: x]' },
      'INVALID_SESSION',
      'newSession',
    ],
    ['something that nobody knows', { errorno: 'QQ', description: 'Hmm' }, 'UNKNOWN_FUNCTION_ERROR', 'retry'],
    ['nothing at all', {}, 'UNKNOWN_FUNCTION_ERROR', 'retry'],
  ])('fails with %s', (_what, parts, code, action) => {
    expect(functionError(parts)).toMatchObject({ code, action, level: 'function' });
  });

  test('was aborted without a word', () => {
    expect(classify({ level: 'function', errors: [], status: 'aborted' }, request)).toMatchObject({
      code: 'ABORTED',
      action: 'retry',
    });
  });

  test('is found among several errors', () => {
    const error = functionError(
      { errorno: 'XL03000000', description2: 'Query failed' },
      { errorno: 'PL04000005', description2: 'no [Support ID: s]' },
    );
    expect(error).toMatchObject({ code: 'NOT_PERMITTED', errorno: 'PL04000005', supportId: 's' });
  });

  test('says which errors may turn out to be permanent', () => {
    expect(PERHAPS_PERMANENT.has(functionError({ errorno: 'DL02000001' }).code)).toBe(true);
    expect(PERHAPS_PERMANENT.has(functionError({}).code)).toBe(true);
    expect(PERHAPS_PERMANENT.has(functionError({ errorno: 'PL04000005' }).code)).toBe(false);
  });

  test('opens no session of an entity: the others go on', () => {
    const [result] = parseResponse(functionFailure({ errorno: 'XL03000006', description2: 'Nope' })).results;
    const error = classify(
      { level: 'function', errors: result?.errors ?? [] },
      { ...request, location: '100', functionName: 'getAPISession' },
    );
    expect(error).toMatchObject({ code: 'LOCATION_REFUSED', action: 'blockStream' });
    expect(error.advice).toContain('"100"');
  });
});

describe('refused fields', () => {
  const refused = (...texts: readonly string[]) =>
    functionError(...texts.map((description2) => ({ errorno: 'XL03000006', description2 })));

  test.each<[string, readonly string[], readonly string[]]>([
    [
      'one error each',
      ['The following fields cannot be queried: TOTALDUE', 'The following fields cannot be queried: STATE'],
      ['TOTALDUE', 'STATE'],
    ],
    [
      'a list',
      ['These fields cannot be queried on APBILL: VENDOR.NAME, TOTALDUE. [Support ID: STATE]'],
      ['VENDOR.NAME', 'TOTALDUE'],
    ],
    ['quotes', ["Invalid fields list 'TOTALDUE.X' for APBILL"], ['TOTALDUE.X']],
    ['plain prose', ['Field STATE of APBILL is invalid; fields cannot be queried'], ['STATE']],
  ])('are found in %s', (_what, texts, fields) => {
    expect(refused(...texts)).toMatchObject({ code: 'FIELDS_REFUSED', action: 'dropFields', fields });
  });

  test('block the stream when none of them was asked for, so that nothing else is dropped', () => {
    const error = refused('Invalid fields list: NAMES, TOTAL, vendor.name');
    expect(error).toMatchObject({ code: 'FIELDS_REFUSED', action: 'blockStream', fields: [] });
  });

  test('are told without an errorno as well', () => {
    expect(functionError({ description: 'Invalid fields list', description2: '[TOTALDUE]' })).toMatchObject({
      action: 'dropFields',
      fields: ['TOTALDUE'],
    });
  });
});
