import type { Company } from './company.js';
import type { Envelope } from './envelope.js';
import {
  AuthenticationFailure,
  ControlFailure,
  senderNotAuthorised,
  senderRefused,
  sessionInvalid,
  signInRefused,
} from './problems.js';
import type { Sessions } from './sessions.js';
import type { Behaviour } from './settings.js';

/** Checks the sender, then the login or session, in Sage's order, and answers the location the request works in. */
export function signIn(envelope: Envelope, company: Company, sessions: Sessions, behaviour: Behaviour): string | null {
  const { control, authentication } = envelope;
  const known = behaviour.credentials;
  if (control.senderId !== known.senderId || control.senderPassword !== known.senderPassword) throw senderRefused();
  if (authentication.by === 'session') {
    const session = sessions.use(authentication.sessionId);
    if (session === undefined) throw sessionInvalid();
    return session.location;
  }
  const { companyId, userId, password, locationId } = authentication;
  if (companyId !== known.companyId || userId !== known.userId || password !== known.userPassword)
    throw signInRefused();
  if (!behaviour.senderAuthorised) throw senderNotAuthorised(control.senderId);
  const refusal = locationRefusal(locationId, company, behaviour);
  if (refusal !== null) throw new AuthenticationFailure([{ errorno: 'XL03000006', description2: refusal }]);
  return locationId;
}

/** Why the user may not work in a location, or null when it may. A user restricted to entities has no top level. */
export function locationRefusal(location: string | null, company: Company, behaviour: Behaviour): string | null {
  const { restrictedTo } = behaviour;
  if (location === null)
    return restrictedTo === null ? null : 'The user is restricted to entities and cannot sign in at the top level';
  if (!company.hasEntity(location)) return `The location ID ${location} is not valid`;
  return restrictedTo === null || restrictedTo.includes(location)
    ? null
    : `The user has no access to the location ${location}`;
}

export function isRefusal(error: unknown): error is ControlFailure | AuthenticationFailure {
  return error instanceof ControlFailure || error instanceof AuthenticationFailure;
}
