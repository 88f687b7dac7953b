import type { Envelope } from './envelope.js';
import type { DrawnFaults, FaultTarget } from './faults.js';
import { functionName, type PreparedCall } from './functions.js';
import { renderLookup } from './lookup.js';
import type { GatewayParts } from './parts.js';
import { FunctionFailure, invalidArgument } from './problems.js';
import { type Page, runQuery } from './query.js';
import type { ParsedQuery } from './query-schema.js';
import type { FunctionResult } from './render.js';
import { type ErrorStyle, renderErrors, renderJson, renderPage } from './render-rows.js';
import { locationRefusal } from './sign-in.js';
import type { LoggedFunction } from './stats.js';
import { formatIso, type Zone } from './times.js';
import { element } from './xml.js';

export interface Work extends GatewayParts {
  readonly envelope: Envelope;
  readonly calls: readonly PreparedCall[];
  readonly faults: DrawnFaults;
  readonly location: string | null;
  readonly logged: readonly LoggedFunction[];
  readonly style: ErrorStyle;
  readonly ownUrl: string;
}

interface Worked {
  readonly results: readonly FunctionResult[];
  /** The whole body, when a query asked for returnformat json and was answered so. */
  readonly json: string | null;
}

/** Sage answers the other functions of a broken transaction with this number. */
const TRANSACTION_ABORTED = {
  errorno: 'XL03000009',
  description2: 'The entire transaction in this operation has been rolled back due to an error.',
};

/** Works on the functions of a request in their order; each stands by itself unless the request is one transaction. */
export function runCalls(work: Work): Worked {
  let json: string | null = null;
  const results = work.calls.map((call, index): FunctionResult => {
    const logged = work.logged[index] as LoggedFunction;
    const outcome = runCall(work, call, logged);
    json = outcome.json ?? json;
    logged.outcome = outcome.result.status;
    return outcome.result;
  });
  if (!work.envelope.transaction || !results.some((result) => result.status === 'failure')) return { results, json };
  const aborted = renderErrors([TRANSACTION_ABORTED], work.style);
  return {
    json: null,
    results: results.map((result, index) => {
      if (result.status !== 'success') return result;
      (work.logged[index] as LoggedFunction).outcome = 'aborted';
      return { ...result, status: 'aborted', body: aborted };
    }),
  };
}

function runCall(
  work: Work,
  call: PreparedCall,
  logged: LoggedFunction,
): { result: FunctionResult; json: string | null } {
  const { ask } = call;
  const name = functionName(ask);
  const target: FaultTarget = {
    functionName: name,
    object: ask.object,
    format: ask.name === 'query' ? ask.query.format : null,
    authentication: work.envelope.authentication.by,
    location: work.location,
  };
  const controlId = work.faults.has('wrong-controlid', target) ? `${call.controlId}-other` : call.controlId;
  work.stats.countFunction(name, ask.object);
  if (work.faults.has('function-aborted', target)) {
    return {
      result: { status: 'aborted', name, controlId, body: renderErrors([TRANSACTION_ABORTED], work.style) },
      json: null,
    };
  }
  try {
    const injected = work.faults.find('function-failure', target);
    if (injected !== undefined) throw new FunctionFailure([injected.error]);
    refuseRepeated(work, call);
    const { body, json } = perform(work, call, logged, target);
    return { result: { status: 'success', name, controlId, body }, json };
  } catch (error) {
    if (!(error instanceof FunctionFailure)) throw error;
    return { result: { status: 'failure', name, controlId, body: renderErrors(error.errors, work.style) }, json: null };
  }
}

/** With uniqueid true Sage refuses a function controlid it has seen, so that a retried write cannot happen twice. */
function refuseRepeated({ envelope, seenControlIds }: Work, { controlId }: PreparedCall): void {
  if (!envelope.control.uniqueId) return;
  if (seenControlIds.has(controlId))
    throw invalidArgument(`A function with the control ID ${controlId} was processed before`);
  seenControlIds.add(controlId);
}

function perform(
  work: Work,
  { ask }: PreparedCall,
  logged: LoggedFunction,
  target: FaultTarget,
): { body: string; json: string | null } {
  switch (ask.name) {
    case 'refused':
      throw ask.failure;
    case 'lookup':
      return { body: renderLookup(work.company, ask.object), json: null };
    case 'getAPISession':
      return { body: openSession(work, ask.locationId), json: null };
    case 'readUserFormatting':
      return { body: userFormatting(work.company.zone), json: null };
    case 'query':
      return answerQuery(work, ask.query, logged, target);
  }
}

function answerQuery(
  work: Work,
  query: ParsedQuery,
  logged: LoggedFunction,
  target: FaultTarget,
): { body: string; json: string | null } {
  const { faults, company, random, location } = work;
  const asJson = query.format === 'json' && !faults.has('xml-instead-of-json', target);
  if (asJson && work.calls.length > 1) throw invalidArgument('The returnformat json allows one function per request');
  if (asJson && faults.has('refuse-json', target))
    throw invalidArgument('The returnformat json is not supported for this company');
  const view = { nowMs: company.clock.now(), staleMs: faults.find('stale-reads', target)?.byMs ?? 0 };
  const page: Page = runQuery(
    company,
    query,
    { location, view, random },
    {
      ignoreSecondOrderKey: faults.has('ignore-second-order-key', target),
      ignoreOrder: faults.has('ignore-order', target),
      ignoreFilter: faults.has('ignore-filter', target),
    },
  );
  logged.rows = page.rows.length;
  work.stats.counters.rowsSent += page.rows.length;
  if (asJson) return { body: '', json: renderJson(page) };
  return { body: renderPage(page, faults.find('wrong-count', target)?.by ?? 0), json: null };
}

/** Without a locationid the session stays where its parent is; an empty one goes to the top level. */
function openSession(work: Work, asked: string | null | undefined): string {
  if (work.calls.length > 1) throw invalidArgument('getAPISession must be the only function of its request');
  const location = asked === undefined ? work.location : asked;
  const refusal = locationRefusal(location, work.company, work.behaviour);
  if (refusal !== null) throw new FunctionFailure([{ errorno: 'XL03000006', description2: refusal }]);
  const session = work.sessions.open(location);
  work.stats.counters.sessionsOpened += 1;
  const endpoint = work.behaviour.sessionEndpoint ?? work.ownUrl;
  return `<data><api>${element('sessionid', session.id)}${element('endpoint', endpoint)}${element('locationid', location ?? '')}</api></data>`;
}

/** How the user sees dates and times; a client that takes stamps for UTC can check it here. */
function userFormatting(zone: Zone): string {
  const offset = formatIso(0, zone).slice(19);
  return (
    `<data><userformatting>${element('recordno', '1')}${element('locale', 'en_US')}${element('dateformat', '/mdY')}` +
    `${element('gmtoffset', offset)}${element('clock', '24')}</userformatting></data>`
  );
}
