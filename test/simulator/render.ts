import type { Control } from './envelope.js';
import type { SageError } from './problems.js';
import { type ErrorStyle, renderErrors } from './render-rows.js';
import { element } from './xml.js';

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

export interface AuthenticationBlock {
  readonly userId: string;
  readonly companyId: string;
  readonly location: string | null;
  /** ISO 8601 with an offset; the only place where Intacct tells its clock. */
  readonly timestamp: string;
  /** Absent in answers of older servers. */
  readonly timeout: string | null;
}

export interface FunctionResult {
  readonly status: 'success' | 'failure' | 'aborted';
  readonly name: string;
  readonly controlId: string;
  /** `data` or `errormessage`, rendered. */
  readonly body: string;
}

function controlBlock(status: 'success' | 'failure', control: Control | undefined): string {
  return (
    `<control>${element('status', status)}${element('senderid', control?.senderId ?? '')}${element('controlid', control?.controlId ?? '')}` +
    `${element('uniqueid', String(control?.uniqueId ?? false))}${element('dtdversion', '3.0')}</control>`
  );
}

export function renderControlFailure(
  control: Control | undefined,
  errors: readonly SageError[],
  style: ErrorStyle,
): string {
  return `${DECLARATION}<response>${controlBlock('failure', control)}${renderErrors(errors, style)}</response>`;
}

/** The errors stand beside `authentication`, not inside it. */
export function renderAuthenticationFailure(
  control: Control,
  who: { readonly userId: string; readonly companyId: string },
  errors: readonly SageError[],
  style: ErrorStyle,
): string {
  return (
    `${DECLARATION}<response>${controlBlock('success', control)}<operation><authentication>${element('status', 'failure')}` +
    `${element('userid', who.userId)}${element('companyid', who.companyId)}${element('locationid', '')}</authentication>` +
    `${renderErrors(errors, style)}</operation></response>`
  );
}

export function renderResults(
  control: Control,
  authentication: AuthenticationBlock | null,
  results: readonly FunctionResult[],
): string {
  const head = authentication === null ? '' : renderAuthentication(authentication);
  const body = results
    .map(
      (result) =>
        `<result>${element('status', result.status)}${element('function', result.name)}${element('controlid', result.controlId)}${result.body}</result>`,
    )
    .join('');
  return `${DECLARATION}<response>${controlBlock('success', control)}<operation>${head}${body}</operation></response>`;
}

function renderAuthentication(block: AuthenticationBlock): string {
  const timeout = block.timeout === null ? '' : element('sessiontimeout', block.timeout);
  return (
    `<authentication>${element('status', 'success')}${element('userid', block.userId)}${element('companyid', block.companyId)}` +
    `${element('locationid', block.location ?? '')}${element('sessiontimestamp', block.timestamp)}${timeout}</authentication>`
  );
}
