import { Secret } from '../../shared/secret.js';
import { badAnswer } from './bad-answer.js';
import type { FieldDefinition, ObjectDefinition, Page } from './query.js';
import { child, type FunctionResult, textOf, type XmlElement } from './response-xml.js';

/** The page in the answer of a `query`. Counts are attributes; an empty page may be an empty element with or without them. */
export function pageIn(result: FunctionResult): Page {
  const { data, rows } = result;
  if (data === undefined) throw badAnswer('UNEXPECTED_ANSWER', 'a query without data');
  if (rows === undefined) throw badAnswer('UNEXPECTED_ANSWER', 'a row holds more than fields');
  const count = numberIn(data, 'count');
  if (count !== null && count !== rows.length) throw badAnswer('COUNT_MISMATCH');
  return { rows, remaining: numberIn(data, 'numremaining') };
}

/** The definition in the answer of a `lookup`. Lists may be empty elements or hold a single child. */
export function definitionIn(result: FunctionResult, object: string): ObjectDefinition {
  const type = result.data && child(result.data, 'Type');
  if (type === undefined) throw badAnswer('UNEXPECTED_ANSWER', 'a lookup without a type');
  const fields: FieldDefinition[] = [];
  for (const field of child(type, 'Fields')?.children ?? []) {
    const id = textOf(field, 'ID');
    if (id !== null) fields.push({ id, dataType: textOf(field, 'DATATYPE') ?? '' });
  }
  return { object, fields };
}

export interface ApiSession {
  readonly sessionId: Secret;
  readonly endpoint: string;
  readonly locationId: string | null;
}

/** The session in the answer of a `getAPISession`. */
export function sessionIn(result: FunctionResult): ApiSession {
  const api = result.data && child(result.data, 'api');
  const sessionId = textOf(api, 'sessionid');
  const endpoint = textOf(api, 'endpoint');
  if (sessionId === null || endpoint === null) throw badAnswer('UNEXPECTED_ANSWER', 'a sign-in without a session');
  return { sessionId: new Secret(sessionId), endpoint, locationId: textOf(api, 'locationid') };
}

function numberIn(element: XmlElement, attribute: string): number | null {
  const text = element.attributes.get(attribute);
  if (text === undefined) return null;
  if (!/^\d{1,9}$/.test(text)) throw badAnswer('UNEXPECTED_ANSWER', `${attribute} is no number`);
  return Number(text);
}
