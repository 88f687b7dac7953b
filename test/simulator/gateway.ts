import { type Envelope, type PartialEnvelope, readEnvelope } from './envelope.js';
import type { DrawnFaults, FaultTarget } from './faults.js';
import { functionName, type PreparedCall, prepareCall } from './functions.js';
import type { GatewayParts } from './parts.js';
import { AuthenticationFailure, ControlFailure } from './problems.js';
import { renderAuthenticationFailure, renderControlFailure, renderResults } from './render.js';
import type { ErrorStyle } from './render-rows.js';
import { isRefusal, signIn } from './sign-in.js';
import type { LoggedFunction, LoggedRequest } from './stats.js';
import { formatIso } from './times.js';
import { runCalls } from './work.js';

/** A request that was read, or the reason why the schema refuses it. */
export interface Prepared {
  readonly soFar: PartialEnvelope;
  readonly envelope: Envelope | null;
  readonly refusal: ControlFailure | null;
  readonly calls: readonly PreparedCall[];
  readonly targets: readonly FaultTarget[];
}

export interface Answer {
  readonly body: string;
  readonly contentType: 'application/xml' | 'application/json';
}

/** The XML gateway without its transport: text in, text out. */
export class Gateway {
  readonly #parts: GatewayParts;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
  }

  /** Reads the whole request before anything is done, because a schema violation in its last function refuses the first one too. */
  prepare(body: string): Prepared {
    const soFar: PartialEnvelope = {};
    try {
      const envelope = readEnvelope(body, soFar);
      const calls = envelope.calls.map(prepareCall);
      return { soFar, envelope, refusal: null, calls, targets: calls.map((call) => this.#target(envelope, call)) };
    } catch (error) {
      if (!(error instanceof ControlFailure)) throw error;
      const nobody: FaultTarget = {
        functionName: null,
        object: null,
        format: null,
        authentication: null,
        location: null,
      };
      return { soFar, envelope: null, refusal: error, calls: [], targets: [nobody] };
    }
  }

  answer(prepared: Prepared, faults: DrawnFaults, entry: LoggedRequest, ownUrl: string): Answer {
    const { envelope, calls } = prepared;
    const control = prepared.soFar.control;
    const style = this.#errorStyle(control?.showAdditionalErrorInfo ?? false);
    entry.controlId = control?.controlId ?? null;
    try {
      if (envelope === null) throw prepared.refusal ?? new ControlFailure([]);
      const location = this.#admit(envelope, faults, entry);
      const logged = calls.map(logOf);
      entry.functions = logged;
      const worked = runCalls({ ...this.#parts, envelope, calls, faults, location, logged, style, ownUrl });
      if (worked.json !== null) return { body: worked.json, contentType: 'application/json' };
      const block = faults.has('without-authentication') ? null : this.#authenticationBlock(location, faults);
      return { body: renderResults(envelope.control, block, worked.results), contentType: 'application/xml' };
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return { body: this.#refuse(prepared, error, style, entry), contentType: 'application/xml' };
    }
  }

  #admit(envelope: Envelope, faults: DrawnFaults, entry: LoggedRequest): string | null {
    const { company, sessions, behaviour, stats } = this.#parts;
    const controlFault = faults.find('control-failure');
    if (controlFault !== undefined) throw new ControlFailure([controlFault.error]);
    if (faults.has('expire-session')) sessions.expireAll();
    const signInFault = faults.find('authentication-failure');
    const byLogin = envelope.authentication.by === 'login';
    entry.authentication = envelope.authentication.by;
    try {
      if (signInFault !== undefined) throw new AuthenticationFailure([signInFault.error]);
      entry.location = signIn(envelope, company, sessions, behaviour);
    } catch (error) {
      if (byLogin) stats.counters.failedLogins += 1;
      throw error;
    }
    if (byLogin) stats.counters.logins += 1;
    return entry.location;
  }

  #refuse(
    prepared: Prepared,
    failure: ControlFailure | AuthenticationFailure,
    style: ErrorStyle,
    entry: LoggedRequest,
  ): string {
    const { envelope, soFar } = prepared;
    if (failure instanceof ControlFailure || envelope === null) {
      entry.failure = 'control';
      return renderControlFailure(soFar.control, failure.errors, style);
    }
    entry.failure = 'authentication';
    const { authentication } = envelope;
    const who = authentication.by === 'login' ? authentication : { userId: '', companyId: '' };
    return renderAuthenticationFailure(envelope.control, who, failure.errors, style);
  }

  #authenticationBlock(location: string | null, faults: DrawnFaults): Parameters<typeof renderResults>[1] {
    const { company, sessions, behaviour } = this.#parts;
    const nowMs = company.clock.now();
    return {
      userId: behaviour.credentials.userId,
      companyId: behaviour.credentials.companyId,
      location,
      timestamp: formatIso(nowMs, company.zone),
      timeout: faults.has('without-session-timeout') ? null : formatIso(nowMs + sessions.lifetimeMs, company.zone),
    };
  }

  #errorStyle(additionalInfo: boolean): ErrorStyle {
    const { random } = this.#parts;
    return {
      additionalInfo,
      supportId: () => `Sim${random.below(36 ** 6).toString(36)}~${random.below(36 ** 6).toString(36)}`,
    };
  }

  #target(envelope: Envelope, { ask }: PreparedCall): FaultTarget {
    const { authentication } = envelope;
    return {
      functionName: functionName(ask),
      object: ask.object,
      format: ask.name === 'query' ? ask.query.format : null,
      authentication: authentication.by,
      location:
        authentication.by === 'login'
          ? authentication.locationId
          : this.#parts.sessions.locationOf(authentication.sessionId),
    };
  }
}

function logOf({ controlId, ask }: PreparedCall): LoggedFunction {
  return {
    name: functionName(ask),
    controlId,
    object: ask.object,
    query: ask.name === 'query' ? ask.query : null,
    outcome: 'unanswered',
    rows: 0,
  };
}
