/** One `error` element of an answer, cleaned. Every part of it may be missing, empty or prose (seen in recorded payloads). */
export interface SageError {
  readonly errorno: string | null;
  readonly description: string | null;
  /** Without the support id that Sage appends. */
  readonly description2: string | null;
  readonly correction: string | null;
  readonly supportId: string | null;
  /** From `additionalinfo`, sent when `showadditionalerrorinfo` was asked for. */
  readonly errorId: string | null;
  readonly category: string | null;
}

const SUPPORT_ID = /\s*\[Support ID:\s*([^\]]*)\]\s*/gi;

/** Sage appends `[Support ID: …]`, another one each time: kept for the log, out of the way of comparisons. */
export function splitSupportId(text: string | null): { text: string | null; supportId: string | null } {
  if (text === null) return { text: null, supportId: null };
  let supportId: string | null = null;
  const rest = text.replace(SUPPORT_ID, (_all, id: string) => {
    supportId ??= id.trim() || null;
    return ' ';
  });
  return { text: rest.trim() || null, supportId };
}

/** What classification compares: errorno too, because it is prose at times. */
export function comparableText(error: SageError): string {
  return [error.errorno, error.description, error.description2].filter((part) => part !== null).join(' ');
}
