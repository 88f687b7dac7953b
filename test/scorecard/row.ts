/** One thing that goes wrong, what is to come of it, and the tests that show it. */
export interface Row {
  /** F…: a fault around the worker; B…: bad input. */
  readonly id: string;
  readonly what: string;
  /** One sentence. */
  readonly expected: string;
  /** File below test/, describes and title, joined by SEPARATOR. Placeholders of tables stay (%s); so are called those of templates. */
  readonly tests: readonly string[];
}

export const SEPARATOR = ' › ';

export function row(id: string, what: string, expected: string, ...tests: readonly string[]): Row {
  return { id, what, expected, tests };
}

/** The full names of a test that `named` names, tables spread out. */
export function isNamed(named: string, fullName: string): boolean {
  const pattern = named
    .split(/%[sdifjop#]/)
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${pattern}$`, 's').test(fullName);
}
