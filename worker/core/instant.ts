/** Intacct stamps and compares in whole seconds; every bound of a window is one. */
export const SECOND_MS = 1000;

/** The whole second that holds this instant. */
export function floorToSecond(atMs: number): number {
  return Math.floor(atMs / SECOND_MS) * SECOND_MS;
}
