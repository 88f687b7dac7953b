// What stands in the tree of settings before it is checked: besides texts, lists and mappings these two, which carry where a
// value came from to the place that reports it.

/** A text that was put together from environment variables: shown as it stands in the file, never as what was filled in. */
export class FilledText {
  readonly text: string;
  readonly template: string;

  constructor(text: string, template: string) {
    this.text = text;
    this.template = template;
  }
}

/** Stands where a value could not be had at all. */
export class Unobtainable {
  /** Continues a sentence that begins with a name of a setting. */
  readonly problem: string;
  /** The name to begin with, where it is not that of the place. */
  readonly name: string | undefined;

  constructor(problem: string, name?: string) {
    this.problem = problem;
    this.name = name;
  }
}

const LONGEST_SHOWN = 80;

/** A received value as an operator may see it. */
export function describeReceived(value: unknown): string {
  if (value instanceof FilledText) {
    return `the value of ${JSON.stringify(value.template)}`;
  }
  if (typeof value === 'string') {
    return JSON.stringify(value.length > LONGEST_SHOWN ? `${value.slice(0, LONGEST_SHOWN)}…` : value);
  }
  if (value === undefined || value === null) {
    return 'nothing';
  }
  return Array.isArray(value) ? 'a list' : 'a mapping';
}
