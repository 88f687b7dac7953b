/** Another process runs the poller now. Nothing was done; there is nothing left to do here. */
export class LeaseLostError extends Error {
  readonly code = 'LEASE_LOST';
  override readonly name = 'LeaseLostError';

  constructor() {
    super('Another process has taken this poller over');
  }
}

export const COMMIT_CODES = [
  'LEASE_LOST',
  'COMMIT_OVERTAKEN',
  'COMMIT_WATCHED_KEY_CHANGED',
  'COMMIT_INCOMPLETE',
  'QUEUE_DAMAGED',
  'REDIS_OUT_OF_MEMORY',
  'COMMIT_UNKNOWN',
] as const;
export type CommitCode = (typeof COMMIT_CODES)[number];

/** A commit that is not known to be done. Load the stream again and go on from there. */
export class CommitError extends Error {
  override readonly name = 'CommitError';

  constructor(
    readonly code: Exclude<CommitCode, 'LEASE_LOST'>,
    message: string,
  ) {
    super(message);
  }
}

/** Redis' own errors carry the command with its arguments, which hold records: only the first words of the message are kept. */
export function commitTrouble(error: unknown): LeaseLostError | CommitError {
  if (error instanceof LeaseLostError || error instanceof CommitError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if ([message, ...refusalsBefore(error)].some((text) => text.includes('OOM')))
    return new CommitError('REDIS_OUT_OF_MEMORY', 'Redis is out of memory; nothing moves until there is room');
  return new CommitError('COMMIT_UNKNOWN', `The outcome of a commit is not known: ${message.slice(0, 120)}`);
}

/** What Redis refused while a transaction was put together; EXEC itself then says no more than that there was something. */
function refusalsBefore(error: unknown): readonly string[] {
  if (!(error instanceof Error) || !('previousErrors' in error) || !Array.isArray(error.previousErrors)) return [];
  return error.previousErrors.map((previous: unknown) => (previous instanceof Error ? previous.message : ''));
}
