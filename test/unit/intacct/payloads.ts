/** Answers as Intacct writes them, one valid base each; a test changes one thing. */

export const STAMP = '2026-07-24T14:45:12+00:00';

export function controlElement(status = 'success', controlId = 'request-1'): string {
  return `<control><status>${status}</status><senderid>acme</senderid><controlid>${controlId}</controlid><uniqueid>false</uniqueid><dtdversion>3.0</dtdversion></control>`;
}

export function authenticationElement(status = 'success', extra = ''): string {
  return `<authentication><status>${status}</status><userid>bot</userid><companyid>ACME</companyid><locationid></locationid><sessiontimestamp>${STAMP}</sessiontimestamp>${extra}</authentication>`;
}

export interface ErrorParts {
  readonly errorno?: string;
  readonly description?: string;
  readonly description2?: string;
  readonly correction?: string;
  readonly more?: string;
}

function errorElement(parts: ErrorParts): string {
  const part = (name: string, text: string | undefined) => (text === undefined ? '' : `<${name}>${text}</${name}>`);
  return `<error>${part('errorno', parts.errorno)}${part('description', parts.description)}${part('description2', parts.description2)}${part('correction', parts.correction)}${parts.more ?? ''}</error>`;
}

export function errorMessage(...errors: readonly ErrorParts[]): string {
  return `<errormessage>${errors.map(errorElement).join('')}</errormessage>`;
}

export function document(inner: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<response>${inner}</response>`;
}

export function controlFailure(...errors: readonly ErrorParts[]): string {
  return document(`${controlElement('failure')}${errorMessage(...errors)}`);
}

export function signInFailure(...errors: readonly ErrorParts[]): string {
  return document(
    `${controlElement()}<operation>${authenticationElement('failure')}${errorMessage(...errors)}</operation>`,
  );
}

export function operation(results: string, authentication = authenticationElement()): string {
  return document(`${controlElement()}<operation>${authentication}${results}</operation>`);
}

export function resultElement(inner: string, controlId = 'f1', status = 'success', name = 'query'): string {
  return `<result><status>${status}</status><function>${name}</function><controlid>${controlId}</controlid>${inner}</result>`;
}

export function functionFailure(...errors: readonly ErrorParts[]): string {
  return operation(resultElement(errorMessage(...errors), 'f1', 'failure'));
}

export function dataElement(rows: readonly string[], object = 'VENDOR', count = rows.length, remaining = 0): string {
  const attributes = `listtype="${object}" totalcount="${count + remaining}" offset="0" count="${count}" numremaining="${remaining}"`;
  return rows.length === 0
    ? `<data ${attributes}/>`
    : `<data ${attributes}>${rows.map((row) => `<${object}>${row}</${object}>`).join('')}</data>`;
}

export function page(rows: readonly string[], controlId = 'f1'): string {
  return operation(resultElement(dataElement(rows), controlId));
}

export function sessionResult(controlId: string, sessionId: string, endpoint: string): string {
  return resultElement(
    `<data><api><sessionid>${sessionId}</sessionid><endpoint>${endpoint}</endpoint><locationid></locationid></api></data>`,
    controlId,
    'success',
    'getAPISession',
  );
}
