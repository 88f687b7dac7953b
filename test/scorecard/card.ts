import { isNamed, type Row, SEPARATOR } from './row.js';

/** A test as Jest reports it. */
export interface TestResult {
  /** As in Row.tests, tables spread out. */
  readonly fullName: string;
  readonly passed: boolean;
}

export type Verdict = 'passed' | 'FAILED' | 'did not run';

interface JestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[];
      readonly title: string;
      readonly status: string;
    }[];
  }[];
}

/** What `jest --json` wrote. A test that was skipped did not run. */
export function readResults(json: string): readonly TestResult[] {
  const { testResults } = JSON.parse(json) as JestReport;
  return testResults.flatMap(({ name, assertionResults }) => {
    const file = name.replaceAll('\\', '/').split('/test/').at(-1) ?? name;
    return assertionResults
      .filter(({ status }) => status === 'passed' || status === 'failed')
      .map(({ ancestorTitles, title, status }) => ({
        fullName: [file, ...ancestorTitles, title].join(SEPARATOR),
        passed: status === 'passed',
      }));
  });
}

/** Every test that the row names has run, and all of them have passed. */
export function verdictOf(row: Row, results: readonly TestResult[]): Verdict {
  const found = row.tests.map((named) => results.filter(({ fullName }) => isNamed(named, fullName)));
  if (found.flat().some(({ passed }) => !passed)) return 'FAILED';
  return found.every((ofOne) => ofOne.length > 0) ? 'passed' : 'did not run';
}

const HEADLINE = `# Scorecard

What goes wrong, what is to come of it, and the tests that show it. Written by \`npm run scorecard\` from the results of those tests. What
holds for every fault: nothing is lost, nothing is enqueued twice, marks only move forward, and the streams are up to date again within
three polls.
`;

export function renderCard(rows: readonly Row[], results: readonly TestResult[]): string {
  const isFault = ({ id }: Row) => id.startsWith('F');
  const parts = [
    ['Faults', rows.filter(isFault)],
    ['Bad input', rows.filter((row) => !isFault(row))],
  ] as const;
  const tables = parts.map(([title, ofPart]) => {
    const lines = ofPart.map((row) => `${rowLine(row)} ${verdictOf(row, results)} |`);
    return `\n## ${title}\n\n| | what happens | expected | shown by | result |\n|---|---|---|---|---|\n${lines.join('\n')}\n`;
  });
  return HEADLINE + tables.join('');
}

/** A line of the table up to its result. */
export function rowLine({ id, what, expected, tests }: Row): string {
  return `| ${[id, what, expected, tests.map(testCell).join('<br>')].map(escaped).join(' | ')} |`;
}

function testCell(name: string): string {
  const [file = '', ...titles] = name.split(SEPARATOR);
  return `${file.replace(/^.*\/|\.test\.ts$/g, '')}: ${titles.join(', ')}`;
}

/** Bars end a cell of a table; what looks like a tag or an entity must stay text. */
function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replace(/<(?!br>)/g, '&lt;')
    .replaceAll('|', '\\|')
    .replaceAll('__', '\\_\\_');
}
