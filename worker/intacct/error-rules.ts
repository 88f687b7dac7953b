import type { ErrorAction, ErrorLevel } from './errors.js';

/** What is known about the request that was refused; for sentences, never for decisions. */
export interface RefusedRequest {
  readonly senderId: string;
  readonly companyId: string;
  readonly userId: string;
  readonly location: string | null;
  readonly functionName?: string | undefined;
  readonly object?: string | undefined;
  readonly askedFields?: readonly string[] | undefined;
}

export interface ErrorRule {
  readonly code: string;
  readonly action: ErrorAction;
  /** All levels when absent. */
  readonly levels?: readonly ErrorLevel[];
  readonly errorno?: RegExp;
  /** Compared with errorno, description and description2 of one error, support id removed. */
  readonly text?: RegExp;
  readonly functionName?: string;
  readonly retryAfterMs?: number;
  readonly message: (request: RefusedRequest) => string;
  readonly advice: (request: RefusedRequest) => string;
}

export const RULE_CODES = {
  rateLimited: 'RATE_LIMITED',
  invalidSession: 'INVALID_SESSION',
  topLevelRefused: 'TOP_LEVEL_REFUSED',
  fieldsRefused: 'FIELDS_REFUSED',
  processingFailed: 'PROCESSING_FAILED',
  unknownFunctionError: 'UNKNOWN_FUNCTION_ERROR',
} as const;

const AT_SIGN_IN: readonly ErrorLevel[] = ['control', 'authentication'];
const MAINTENANCE_PAUSE_MS = 300_000;

const object = (request: RefusedRequest) => request.object ?? 'the object';
const locationName = (request: RefusedRequest) =>
  request.location === null ? 'the top level' : `location "${request.location}"`;

/**
 * The first rule that fits one of the errors wins. One errorno has many meanings (XL03000006 has six), so a rule names the level
 * and, where that is not enough, words of the text. Texts are those of Sage's documentation and of recorded payloads.
 */
export const ERROR_RULES: readonly ErrorRule[] = [
  {
    code: RULE_CODES.rateLimited,
    action: 'retryLater',
    errorno: /^GW-0010$/,
    message: () => 'Sage Intacct asks for fewer requests',
    advice: (request) =>
      `Poll company ${request.companyId} less often or watch fewer objects, and see whether other integrations use it at the same time.`,
  },
  {
    code: RULE_CODES.rateLimited,
    action: 'retryLater',
    text: /rate limit|too many (?:concurrent )?requests/i,
    message: () => 'Sage Intacct asks for fewer requests',
    advice: (request) =>
      `Poll company ${request.companyId} less often or watch fewer objects, and see whether other integrations use it at the same time.`,
  },
  {
    code: 'MAINTENANCE',
    action: 'retryLater',
    text: /temporarily (?:off-?line|unavailable)|please try again later/i,
    retryAfterMs: MAINTENANCE_PAUSE_MS,
    message: () => 'Sage Intacct is off-line for maintenance',
    advice: () => 'Nothing to do: the worker goes on by itself. Sage announces maintenance at status.intacct.com.',
  },
  {
    code: RULE_CODES.invalidSession,
    action: 'newSession',
    text: /invalid session|session (?:has |is )?(?:expired|timed out|no longer valid)/i,
    message: () => 'The session has ended',
    advice: () =>
      'Nothing to do: the worker opens a new session. If it recurs, see whether something signs this user out.',
  },
  {
    code: 'SENDER_NOT_AUTHORISED',
    action: 'blockConnection',
    text: /invalid web services authorization|not authorized to make web services requests/i,
    message: (request) => `Company ${request.companyId} has not authorised the sender "${request.senderId}"`,
    advice: (request) =>
      `In company ${request.companyId}, authorise sender "${request.senderId}" under Company > Setup > Company > Security > Web Services authorizations, then resume the connection.`,
  },
  {
    code: 'SENDER_REFUSED',
    action: 'blockConnection',
    levels: AT_SIGN_IN,
    text: /partner id or password/i,
    message: (request) => `Sage Intacct refuses the sender "${request.senderId}"`,
    advice: (request) =>
      `Check the Web Services sender id "${request.senderId}" and its password, then resume the connection.`,
  },
  {
    code: 'COMPANY_EXPIRED',
    action: 'blockConnection',
    errorno: /^PL04000055$/,
    message: (request) => `Company ${request.companyId} has expired`,
    advice: (request) =>
      `Ask Sage to renew company ${request.companyId}, or configure another one, then resume the connection.`,
  },
  {
    code: 'SIGN_IN_REFUSED',
    action: 'blockConnection',
    errorno: /^XMLGW_JPP0002$/,
    message: (request) => `Sage Intacct refuses the sign-in of user "${request.userId}"`,
    advice: (request) =>
      `Check company id, user id and password of "${request.userId}" at ${request.companyId}, and that the user is active; change the password in the settings or resume the connection. Nothing is sent until then, so that the user is not locked out.`,
  },
  {
    code: 'SIGN_IN_REFUSED',
    action: 'blockConnection',
    levels: AT_SIGN_IN,
    text: /sign-?in information is incorrect/i,
    message: (request) => `Sage Intacct refuses the sign-in of user "${request.userId}"`,
    advice: (request) =>
      `Check company id, user id and password of "${request.userId}" at ${request.companyId}, and that the user is active; change the password in the settings or resume the connection. Nothing is sent until then, so that the user is not locked out.`,
  },
  {
    // The wording is undocumented: it has to speak of the level or of entities, and of being restricted to or needing one.
    code: RULE_CODES.topLevelRefused,
    action: 'blockConnection',
    levels: AT_SIGN_IN,
    text: /(?:top|root)[ -]level|restricted to (?:one or more |an? |certain |specific )?(?:entit|location)|(?:must|required to|need to) (?:select|choose|specify|provide) (?:an? )?(?:entity|location)|(?:entity|location)(?: ?id)? is required/i,
    message: (request) => `User "${request.userId}" may not sign in at the top level`,
    advice: (request) =>
      `List the entities of user "${request.userId}" as locations of the connection, or lift the user's restriction to entities.`,
  },
  {
    // The sign-in of a restricted user names the entity; the wording is undocumented. The password was right, so others go on.
    code: 'LOCATION_REFUSED',
    action: 'blockStream',
    levels: ['authentication'],
    text: /(?:location|entity)\b.*(?:not valid|invalid|not found|does not exist|inactive)|(?:no|not have) access to (?:the )?(?:location|entity)/i,
    message: (request) => `Sage Intacct opens no session for ${locationName(request)}`,
    advice: (request) =>
      `Check that ${locationName(request)} is the id of an active entity and that user "${request.userId}" may enter it.`,
  },
  {
    code: 'REQUEST_MALFORMED',
    action: 'bug',
    errorno: /^GW-0011$/,
    message: () => 'Sage Intacct calls the request malformed',
    advice: () =>
      'Check sender id, company id and user id for odd characters; if they are right, report this as a bug with the support id.',
  },
  {
    code: 'REQUEST_REFUSED_BY_SCHEMA',
    action: 'bug',
    errorno: /^XL03000003$/,
    message: () => 'The request does not follow the schema of Sage Intacct',
    advice: () => 'Report this as a bug with the support id; no setting helps.',
  },
  {
    code: 'REQUEST_REFUSED_BY_SCHEMA',
    action: 'bug',
    text: /xml parse schema error/i,
    message: () => 'The request does not follow the schema of Sage Intacct',
    advice: () => 'Report this as a bug with the support id; no setting helps.',
  },
  {
    code: 'NOT_SUBSCRIBED',
    action: 'blockStream',
    levels: ['function'],
    text: /not subscribed|no subscription/i,
    message: (request) => `The company is not subscribed to the module of ${object(request)}`,
    advice: (request) =>
      `Subscribe company ${request.companyId} to the application of ${object(request)} under Company > Admin > Subscriptions, or stop watching it.`,
  },
  {
    code: 'OBJECT_UNKNOWN',
    action: 'blockStream',
    levels: ['function'],
    text: /object definition .*not found|object .*does not exist/i,
    message: (request) => `Sage Intacct does not know ${object(request)}`,
    advice: (request) =>
      `Check the name of ${object(request)} (integration name, upper case), and that the company has it.`,
  },
  {
    code: 'NOT_PERMITTED',
    action: 'blockStream',
    levels: ['function'],
    errorno: /^PL04000005$/,
    message: (request) => `User "${request.userId}" may not read ${object(request)}`,
    advice: (request) =>
      `Give user "${request.userId}" (or its role) the list and view permission of ${object(request)}, and see that the company is subscribed to its application. The worker probes again every hour.`,
  },
  {
    // The permission of the audit trail is refused without any errorno (seen in recorded payloads).
    code: 'NOT_PERMITTED',
    action: 'blockStream',
    levels: ['function'],
    text: /(?:do|does) ?(?:not|n't) have (?:the )?permission|not (?:have )?(?:permitted|authorized|allowed) to/i,
    message: (request) => `User "${request.userId}" may not read ${object(request)}`,
    advice: (request) =>
      `Give user "${request.userId}" (or its role) the list and view permission of ${object(request)}, and see that the company is subscribed to its application. The worker probes again every hour.`,
  },
  {
    code: RULE_CODES.fieldsRefused,
    action: 'dropFields',
    levels: ['function'],
    text: /fields? (?:that )?cannot be queried|invalid fields? list|fields? (?:is|are) (?:not valid|invalid)/i,
    message: (request) => `Sage Intacct refuses fields of ${object(request)}`,
    advice: (request) =>
      `Nothing to do: the fields are left out of the events of ${object(request)}. Name the fields to read in its trigger to silence this.`,
  },
  {
    code: 'FILTER_FIELD_UNKNOWN',
    action: 'blockStream',
    levels: ['function'],
    errorno: /^XL03000010$/,
    message: (request) => `${object(request)} has no field of the name that the filter uses`,
    advice: (request) => `Check the key, modified and created field of the trigger of ${object(request)}.`,
  },
  {
    code: 'ABORTED',
    action: 'retry',
    levels: ['function'],
    errorno: /^XL03000009$/,
    message: (request) => `Reading ${object(request)} was given up because another function of the request failed`,
    advice: () => 'Look at the other errors of the same time.',
  },
  {
    code: RULE_CODES.processingFailed,
    action: 'retry',
    levels: ['function'],
    errorno: /^DL02000001$/,
    message: (request) => `Sage Intacct could not process the query of ${object(request)}`,
    advice: (request) =>
      `Nothing to do if it passes; if it stays, check that key and time fields of ${object(request)} are what the trigger says, then ask Sage support with the support id.`,
  },
  {
    code: 'LOCATION_REFUSED',
    action: 'blockStream',
    levels: ['function'],
    functionName: 'getAPISession',
    message: (request) => `Sage Intacct opens no session for ${locationName(request)}`,
    advice: (request) =>
      `Check that ${locationName(request)} is the id of an active entity and that user "${request.userId}" may enter it.`,
  },
];

/** When no rule fits. A sign-in that fails for an unknown reason is not repeated: it might lock the user out. */
export const DEFAULT_RULES: Readonly<Record<'control' | 'authentication' | 'function', ErrorRule>> = {
  control: {
    code: 'UNKNOWN_CONTROL_ERROR',
    action: 'blockConnection',
    message: () => 'Sage Intacct refuses the request',
    advice: (request) =>
      `Check sender "${request.senderId}" and company id ${request.companyId} against the words of Sage, then resume the connection.`,
  },
  authentication: {
    code: 'UNKNOWN_SIGN_IN_ERROR',
    action: 'blockConnection',
    message: (request) => `Sage Intacct refuses the sign-in of user "${request.userId}"`,
    advice: (request) =>
      `Check user "${request.userId}" of company ${request.companyId} and ${locationName(request)} against the words of Sage, then resume the connection.`,
  },
  function: {
    code: RULE_CODES.unknownFunctionError,
    action: 'retry',
    message: (request) => `Sage Intacct refuses ${request.functionName ?? 'the function'} of ${object(request)}`,
    advice: (request) =>
      `Look at the words of Sage; if they do not help, ask Sage support with the support id and the name ${object(request)}.`,
  },
};
