/** Who may sign in. Made up, and safe to print. */
export interface Credentials {
  readonly senderId: string;
  readonly senderPassword: string;
  readonly companyId: string;
  readonly userId: string;
  readonly userPassword: string;
}

export const DEFAULT_CREDENTIALS: Credentials = {
  senderId: 'simulated-sender',
  senderPassword: 'sender-password',
  companyId: 'simulated-company',
  userId: 'trigger-user',
  userPassword: 'user-password',
};

/** The parts of the company's behaviour that may change while it runs. */
export interface Behaviour {
  credentials: Credentials;
  /** False: the customer has not authorised the sender for Web Services. */
  senderAuthorised: boolean;
  /** Entities the user is restricted to; such a user cannot sign in at the top level. */
  restrictedTo: readonly string[] | null;
  /** Where getAPISession sends its callers; null is the address the request came to. */
  sessionEndpoint: string | null;
  /** Added to every answer. */
  latencyMs: number;
  /** Requests worked on at a time; further ones wait. */
  concurrencyLimit: number;
  /** How long one waits before it is refused. Sage is said to wait thirty seconds. */
  concurrencyWaitMs: number;
}
