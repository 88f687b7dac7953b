/**
 * The failures Intacct can answer with, sorted by the level at which they stand: a control failure refuses the whole request, an
 * authentication failure the sign-in, a function failure one function. The same errorno means different things at each level
 * (XL03000006 has six meanings), so the level is part of the type.
 */
export interface SageError {
  /** May be empty: some refusals of Sage carry prose and no number. */
  readonly errorno: string;
  readonly description?: string;
  readonly description2: string;
  readonly correction?: string;
}

export class ControlFailure extends Error {
  override readonly name = 'ControlFailure';

  constructor(readonly errors: readonly SageError[]) {
    super(errors[0]?.description2 ?? 'control failure');
  }
}

export class AuthenticationFailure extends Error {
  override readonly name = 'AuthenticationFailure';

  constructor(readonly errors: readonly SageError[]) {
    super(errors[0]?.description2 ?? 'authentication failure');
  }
}

export class FunctionFailure extends Error {
  override readonly name = 'FunctionFailure';

  constructor(readonly errors: readonly SageError[]) {
    super(errors[0]?.description2 ?? 'function failure');
  }
}

/** The request does not follow the schema; Sage refuses it as a whole before looking at who sent it. */
export function schemaViolation(detail: string): ControlFailure {
  return new ControlFailure([
    { errorno: 'XL03000003', description: 'XML Parse schema error', description2: `XML Parse schema error: ${detail}` },
  ]);
}

export function senderRefused(): ControlFailure {
  return new ControlFailure([
    {
      errorno: 'XL03000006',
      description2: 'Incorrect Intacct XML Partner ID or password.',
      correction: 'Provide the right sender credentials.',
    },
  ]);
}

/** Sage does not tell whether company, user or password is wrong. */
export function signInRefused(): AuthenticationFailure {
  return new AuthenticationFailure([
    { errorno: 'XL03000006', description: 'Sign-in failed', description2: 'Sign-in information is incorrect' },
  ]);
}

export function sessionInvalid(): AuthenticationFailure {
  return new AuthenticationFailure([{ errorno: 'XL03000006', description2: 'Invalid session' }]);
}

/** The customer has not listed the sender among the company's Web Services authorizations. */
export function senderNotAuthorised(senderId: string): AuthenticationFailure {
  return new AuthenticationFailure([
    {
      errorno: 'XL03000006',
      description: 'Invalid Web Services Authorization',
      description2: `The sender ID '${senderId}' is not authorized to make Web Services requests to this company. Invalid Web Services Authorization`,
      correction: 'Contact the company administrator to grant authorization to this sender ID.',
    },
  ]);
}

export function processingError(): FunctionFailure {
  return new FunctionFailure([
    {
      errorno: 'DL02000001',
      description2: 'There was an error processing the request.',
      correction: 'Check the request and try again.',
    },
  ]);
}

/** Sage repeats the same error once per field that cannot be queried, with the name in the text. */
export function fieldsRefused(object: string, fields: readonly string[]): FunctionFailure {
  return new FunctionFailure(
    fields.map((field) => ({
      errorno: 'XL03000006',
      description2: `Invalid fields list: the following fields cannot be queried on ${object}: ${field}`,
      correction: 'Remove the field from the select list.',
    })),
  );
}

export function fieldUnknown(object: string, field: string, where: 'filter' | 'orderby'): FunctionFailure {
  return new FunctionFailure([
    { errorno: 'XL03000010', description2: `Unknown field ${field} of object ${object} in the ${where} of the query` },
  ]);
}

export function objectUnknown(object: string): FunctionFailure {
  return new FunctionFailure([{ errorno: '', description2: `Object definition ${object} not found` }]);
}

export function objectDenied(object: string): FunctionFailure {
  return new FunctionFailure([
    {
      errorno: 'PL04000005',
      description2: `You do not have permission for API operation READ_BY_QUERY on objects of type ${object.toLowerCase()}`,
    },
  ]);
}

export function invalidArgument(detail: string): FunctionFailure {
  return new FunctionFailure([{ errorno: '', description: 'Invalid query', description2: detail }]);
}
