import { schemaViolation } from './problems.js';
import { booleanOf, noAttributes, noText, optional, readSequence, required, requiredText, textOf } from './schema.js';
import { parseXml, type XmlElement } from './xml.js';

export interface Control {
  readonly senderId: string;
  readonly senderPassword: string;
  readonly controlId: string;
  readonly uniqueId: boolean;
  readonly showAdditionalErrorInfo: boolean;
}

export type Authentication =
  | {
      readonly by: 'login';
      readonly userId: string;
      readonly companyId: string;
      readonly password: string;
      readonly locationId: string | null;
    }
  | { readonly by: 'session'; readonly sessionId: string };

export interface FunctionCall {
  readonly controlId: string;
  /** The single element inside `function`; its schema is checked by whoever answers it. */
  readonly body: XmlElement;
}

export interface Envelope {
  readonly control: Control;
  readonly authentication: Authentication;
  readonly transaction: boolean;
  readonly calls: readonly FunctionCall[];
}

/** The parts of an envelope read so far, so that even a refusal can echo the control block. */
export interface PartialEnvelope {
  control?: Control;
}

const LONGEST_CONTROL_ID = 256;

/** Reads an envelope as strictly as Sage's schema does: unknown elements, wrong order and missing parts refuse the whole request. */
export function readEnvelope(body: string, soFar: PartialEnvelope = {}): Envelope {
  const root = parseXml(body);
  if (root.name !== 'request') throw schemaViolation(`root element request is expected, found ${root.name}`);
  noAttributes(root);
  const parts = readSequence(root, [required('control'), required('operation')]);
  const control = readControl(parts.get('control') as XmlElement);
  soFar.control = control;
  return { control, ...readOperation(parts.get('operation') as XmlElement) };
}

/**
 * Sage documents a fixed order for `control`; only where `showadditionalerrorinfo` stands is not settled among public clients, so it
 * is accepted anywhere after `dtdversion`.
 */
function readControl(element: XmlElement): Control {
  noAttributes(element);
  const flags = element.children.filter((child) => child.name === 'showadditionalerrorinfo');
  if (flags.length > 1) throw schemaViolation('element showadditionalerrorinfo stands twice in control');
  const flag = flags[0];
  const versionAt = element.children.findIndex((child) => child.name === 'dtdversion');
  if (flag !== undefined && element.children.indexOf(flag) < versionAt) {
    throw schemaViolation('element showadditionalerrorinfo is expected after dtdversion');
  }
  const parts = readSequence({ ...element, children: element.children.filter((child) => child !== flag) }, [
    required('senderid'),
    required('password'),
    required('controlid'),
    required('uniqueid'),
    required('dtdversion'),
    optional('policyid'),
    required('includewhitespace'),
  ]);
  const controlId = requiredText(parts.get('controlid'), 'controlid');
  if (controlId.length > LONGEST_CONTROL_ID) throw schemaViolation('controlid has more than 256 characters');
  if (requiredText(parts.get('dtdversion'), 'dtdversion') !== '3.0')
    throw schemaViolation('dtdversion 3.0 is expected');
  booleanOf(parts.get('includewhitespace'));
  return {
    senderId: requiredText(parts.get('senderid'), 'senderid'),
    senderPassword: requiredText(parts.get('password'), 'password'),
    controlId,
    uniqueId: booleanOf(parts.get('uniqueid')),
    showAdditionalErrorInfo: booleanOf(flag),
  };
}

function readOperation(element: XmlElement): Omit<Envelope, 'control'> {
  noAttributes(element, ['transaction']);
  const transaction = element.attributes['transaction'] ?? 'false';
  if (transaction !== 'true' && transaction !== 'false')
    throw schemaViolation('attribute transaction expects true or false');
  const parts = readSequence(element, [required('authentication'), required('content')]);
  const content = parts.get('content') as XmlElement;
  noText(content);
  noAttributes(content);
  if (content.children.length === 0) throw schemaViolation('content needs at least one function');
  return {
    authentication: readAuthentication(parts.get('authentication') as XmlElement),
    transaction: transaction === 'true',
    calls: content.children.map(readCall),
  };
}

function readAuthentication(element: XmlElement): Authentication {
  noText(element);
  const [method, ...others] = element.children;
  if (method === undefined || others.length > 0)
    throw schemaViolation('authentication expects exactly one of login, sessionid');
  if (method.name === 'sessionid') return { by: 'session', sessionId: requiredText(method, 'sessionid') };
  if (method.name !== 'login') throw schemaViolation(`element ${method.name} is not expected in authentication`);
  const parts = readSequence(method, [
    required('userid'),
    required('companyid'),
    required('password'),
    optional('clientid'),
    optional('locationid'),
  ]);
  const location = parts.get('locationid');
  return {
    by: 'login',
    userId: requiredText(parts.get('userid'), 'userid'),
    companyId: requiredText(parts.get('companyid'), 'companyid'),
    password: requiredText(parts.get('password'), 'password'),
    locationId: location === undefined ? null : textOf(location) || null,
  };
}

function readCall(element: XmlElement): FunctionCall {
  if (element.name !== 'function') throw schemaViolation(`element ${element.name} is not expected in content`);
  noText(element);
  noAttributes(element, ['controlid']);
  const controlId = element.attributes['controlid'];
  if (controlId === undefined) throw schemaViolation('attribute controlid of function is missing');
  if (controlId === '' || controlId.length > LONGEST_CONTROL_ID)
    throw schemaViolation('controlid of function has 1 to 256 characters');
  const [body, ...others] = element.children;
  if (body === undefined || others.length > 0) throw schemaViolation('function expects exactly one element');
  return { controlId, body };
}
