import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readResults, renderCard, verdictOf } from './card.js';
import { SEPARATOR } from './row.js';
import { ROWS } from './rows.js';

/**
 * npm run scorecard [-- --results FILE]: runs the tests that the rows name (or reads what `jest --json` wrote of an earlier run), writes
 * SCORECARD.md, and fails when a row has a test that failed or did not run.
 */
const { values } = parseArgs({ options: { results: { type: 'string' } } });
const results = readResults(values.results === undefined ? runTests() : readFileSync(values.results, 'utf8'));
writeFileSync('SCORECARD.md', renderCard(ROWS, results));

const open = ROWS.map((row) => ({ row, verdict: verdictOf(row, results) })).filter(
  ({ verdict }) => verdict !== 'passed',
);
for (const { row, verdict } of open) console.log(`${row.id}  ${verdict}: ${row.what}`);
console.log(`${ROWS.length - open.length} of ${ROWS.length} rows passed; see SCORECARD.md`);
process.exitCode = open.length === 0 ? 0 : 1;

function runTests(): string {
  const folder = mkdtempSync(join(tmpdir(), 'scorecard-'));
  const output = join(folder, 'results.json');
  const files = new Set(ROWS.flatMap((row) => row.tests).map((name) => `test/${name.split(SEPARATOR)[0]}`));
  try {
    const node = [
      '--disable-warning=ExperimentalWarning',
      '--experimental-vm-modules',
      'node_modules/jest/bin/jest.js',
    ];
    // Its exit status says less than what it wrote.
    spawnSync(process.execPath, [...node, '--json', `--outputFile=${output}`, '--runTestsByPath', ...files], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return readFileSync(output, 'utf8');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
