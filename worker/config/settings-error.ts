/** Everything that is wrong with the settings, each with its name and what was expected; never a secret's value. */
export class SettingsError extends Error {
  readonly code = 'WRONG_SETTINGS';
  readonly problems: readonly string[];

  /** @param warnings often tell the cause: a variable whose name is misspelt is missing under its right one. */
  constructor(problems: readonly string[], warnings: readonly string[] = []) {
    const count = problems.length === 1 ? '1 setting is wrong' : `${problems.length} settings are wrong`;
    super(
      [
        `Cannot start, ${count}:`,
        ...indent(problems),
        ...(warnings.length > 0 ? ['Also:'] : []),
        ...indent(warnings),
      ].join('\n'),
    );
    this.name = 'SettingsError';
    this.problems = problems;
  }
}

function indent(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}
