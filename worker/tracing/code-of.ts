/** All that a trace learns of an error: messages could hold anything, from a row to a credential. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'UNKNOWN';
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' ? code : error.name;
}
