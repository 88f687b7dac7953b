import { XMLBuilder } from 'fast-xml-parser';

import type { Secret } from '../../shared/secret.js';
import { IntacctError } from './errors.js';
import type { Comparison, Filter, Literal, Query } from './query.js';
import { formatStamp } from './time.js';
import { hasIllegalCharacter } from './xml-text.js';

export interface Sender {
  readonly senderId: string;
  readonly senderPassword: Secret;
}

export interface Login {
  readonly userId: string;
  readonly companyId: string;
  readonly userPassword: Secret;
  /** Null signs in at the top level. */
  readonly locationId: string | null;
}

export type RequestAuthentication = { readonly login: Login } | { readonly sessionId: Secret };

export type IntacctFunction =
  | { readonly name: 'query'; readonly query: Query }
  | { readonly name: 'lookup'; readonly object: string }
  /** `locationId`: undefined keeps the level of the sign-in, null goes back to the top, an id opens that entity. */
  | { readonly name: 'getAPISession'; readonly locationId?: string | null };

export interface RequestEnvelope {
  readonly sender: Sender;
  readonly controlId: string;
  readonly authentication: RequestAuthentication;
  /** Answers echo the control ids of the functions; results come back in this order. */
  readonly functions: readonly { readonly controlId: string; readonly call: IntacctFunction }[];
  readonly zoneOffsetMinutes: number;
}

type Node = { readonly [name: string]: readonly Node[] | string | Readonly<Record<string, string>> };

const MAX_PAGE_SIZE = 2_000;
const MAX_IN_VALUES = 1_000;

const OPERATORS: Readonly<Record<Comparison, string>> = {
  '=': 'equalto',
  '!=': 'notequalto',
  '<': 'lessthan',
  '<=': 'lessthanorequalto',
  '>': 'greaterthan',
  '>=': 'greaterthanorequalto',
};

const builder = new XMLBuilder({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  suppressEmptyNode: true,
});

/**
 * The body of a request. Sage checks it against a schema, so the order of elements is part of the format.
 * @throws {TypeError} for a query that no caller should build.
 * @throws {IntacctError} for a value that XML cannot carry.
 */
export function buildRequest(envelope: RequestEnvelope): string {
  const { sender, authentication, functions } = envelope;
  return builder.build([
    { '?xml': [], ':@': { version: '1.0', encoding: 'UTF-8' } },
    element('request', [
      element('control', [
        leaf('senderid', sender.senderId),
        leaf('password', sender.senderPassword.reveal(), 'the password of the sender'),
        leaf('controlid', envelope.controlId),
        // true would make Sage refuse a control id that it has seen, and with it every repeated request.
        leaf('uniqueid', 'false'),
        leaf('dtdversion', '3.0'),
        leaf('includewhitespace', 'false'),
        leaf('showadditionalerrorinfo', 'true'),
      ]),
      element('operation', [
        element('authentication', [authenticationElement(authentication)]),
        element(
          'content',
          functions.map(({ controlId, call }) => ({
            function: [functionElement(call, envelope.zoneOffsetMinutes)],
            ':@': { controlid: checked('controlid', controlId) },
          })),
        ),
      ]),
    ]),
  ]);
}

function authenticationElement(authentication: RequestAuthentication): Node {
  if ('sessionId' in authentication) return leaf('sessionid', authentication.sessionId.reveal(), 'the session id');
  const { login } = authentication;
  return element('login', [
    leaf('userid', login.userId),
    leaf('companyid', login.companyId),
    leaf('password', login.userPassword.reveal(), 'the password of the user'),
    ...(login.locationId === null ? [] : [leaf('locationid', login.locationId)]),
  ]);
}

function functionElement(call: IntacctFunction, zoneOffsetMinutes: number): Node {
  switch (call.name) {
    case 'query':
      return queryElement(call.query, zoneOffsetMinutes);
    case 'lookup':
      return element('lookup', [leaf('object', call.object)]);
    case 'getAPISession':
      return element('getAPISession', call.locationId === undefined ? [] : [leaf('locationid', call.locationId ?? '')]);
  }
}

function queryElement(query: Query, zoneOffsetMinutes: number): Node {
  if (query.select.length === 0) throw new TypeError(`A query of ${query.object} selects no field`);
  if (!Number.isInteger(query.pageSize) || query.pageSize < 1 || query.pageSize > MAX_PAGE_SIZE) {
    throw new TypeError(
      `A query of ${query.object} asks for pages of ${query.pageSize} rows; 1 to ${MAX_PAGE_SIZE} are possible`,
    );
  }
  const options = [...(query.showPrivate ? [leaf('showprivate', 'true')] : [])];
  const orders = (query.orderBy ?? []).map((field) =>
    element('order', [leaf('field', field), element('ascending', [])]),
  );
  return element('query', [
    leaf('object', query.object),
    element(
      'select',
      query.select.map((field) => leaf('field', field)),
    ),
    ...(query.filter === undefined ? [] : [element('filter', [filterElement(query.filter, zoneOffsetMinutes)])]),
    ...(orders.length === 0 ? [] : [element('orderby', orders)]),
    ...(options.length === 0 ? [] : [element('options', options)]),
    leaf('pagesize', String(query.pageSize)),
    leaf('offset', '0'),
  ]);
}

function filterElement(filter: Filter, zoneOffsetMinutes: number): Node {
  if ('and' in filter) return joined('and', filter.and, zoneOffsetMinutes);
  if ('or' in filter) return joined('or', filter.or, zoneOffsetMinutes);
  const field = leaf('field', filter.field);
  if ('isNull' in filter) return element(filter.isNull ? 'isnull' : 'isnotnull', [field]);
  if ('in' in filter) {
    if (filter.in.length < 1 || filter.in.length > MAX_IN_VALUES) {
      throw new TypeError(
        `A filter on ${filter.field} lists ${filter.in.length} values; 1 to ${MAX_IN_VALUES} are possible`,
      );
    }
    return element('in', [field, ...filter.in.map((value) => leaf('value', value))]);
  }
  return element(OPERATORS[filter.is], [field, leaf('value', literal(filter.value, zoneOffsetMinutes))]);
}

function joined(operator: 'and' | 'or', children: readonly Filter[], zoneOffsetMinutes: number): Node {
  if (children.length < 2)
    throw new TypeError(`A filter joins ${children.length} conditions with "${operator}"; it takes two or more`);
  return element(
    operator,
    children.map((filter) => filterElement(filter, zoneOffsetMinutes)),
  );
}

function literal(value: Literal, zoneOffsetMinutes: number): string {
  return typeof value === 'string' ? value : formatStamp(value.atMs, zoneOffsetMinutes);
}

function element(name: string, children: readonly Node[]): Node {
  return { [name]: children };
}

function leaf(name: string, text: string, spokenName: string = name): Node {
  return element(name, text === '' ? [] : [{ '#text': checked(spokenName, text) }]);
}

function checked(spokenName: string, text: string): string {
  if (hasIllegalCharacter(text)) {
    throw new IntacctError(`The value of ${spokenName} holds a character that XML cannot carry`, {
      code: 'VALUE_NOT_XML',
      action: 'bug',
      level: 'client',
      advice: `Remove control characters from ${spokenName}; they often come from copying and pasting.`,
    });
  }
  return text;
}
