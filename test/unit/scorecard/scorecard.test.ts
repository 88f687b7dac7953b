import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { readResults, renderCard, rowLine, verdictOf } from '../../scorecard/card.js';
import { isNamed, row, SEPARATOR } from '../../scorecard/row.js';
import { ROWS } from '../../scorecard/rows.js';
import { titlesOf } from '../../scorecard/titles.js';

const TESTS = fileURLToPath(new URL('../../', import.meta.url));
const CARD = fileURLToPath(new URL('../../../SCORECARD.md', import.meta.url));
const sources = new Map<string, { readonly text: string; readonly titles: readonly string[] }>();

describe('the scorecard', () => {
  test('has at least 25 faults and 25 bad inputs, each once and with a test', () => {
    const ids = ROWS.map(({ id }) => id);

    expect(ids).toEqual([...new Set(ids)]);
    expect(ids.filter((id) => /^F\d+$/.test(id)).length).toBeGreaterThanOrEqual(25);
    expect(ids.filter((id) => /^B\d+$/.test(id)).length).toBeGreaterThanOrEqual(25);
    expect(ROWS.filter(({ tests }) => tests.length === 0)).toEqual([]);
  });

  test('names only tests that exist, so that a test that is renamed cannot empty a row unseen', () => {
    expect(
      ROWS.flatMap(({ id, tests }) => tests.filter((name) => !exists(name)).map((name) => `${id}: ${name}`)),
    ).toEqual([]);
  });

  test('in SCORECARD.md has the same rows; npm run scorecard writes it', () => {
    const lines = readFileSync(CARD, 'utf8')
      .split('\n')
      .filter((line) => /^\| [FB]\d/.test(line));

    expect(lines.map((line) => line.replace(/ [^|]+ \|$/, ''))).toEqual(ROWS.map(rowLine));
  });
});

describe('a row', () => {
  const one = row('F1', 'a | b', 'c', 'x.test.ts › d › %s', 'x.test.ts › e');
  const results = (...statuses: readonly string[]) => {
    const [first = '', second = '', third = ''] = statuses;
    return readResults(
      JSON.stringify({
        testResults: [
          {
            name: '/somewhere/test/x.test.ts',
            assertionResults: [
              { ancestorTitles: ['d'], title: 'one (really)', status: first },
              { ancestorTitles: ['d'], title: 'two', status: second },
              { ancestorTitles: [], title: 'e', status: third },
            ],
          },
        ],
      }),
    );
  };

  test.each([
    [['passed', 'passed', 'passed'], 'passed'],
    [['passed', 'failed', 'passed'], 'FAILED'],
    [['passed', 'passed', 'pending'], 'did not run'],
    [['pending', 'pending', 'passed'], 'did not run'],
  ])('of tests that ended %j has the verdict %s', (statuses, verdict) => {
    expect(verdictOf(one, results(...statuses))).toBe(verdict);
    expect(renderCard([one], results(...statuses))).toContain(`| F1 | a \\| b | c | x: d, %s<br>x: e | ${verdict} |`);
  });
});

/** Of a table of tests the whole may be named, or a line of it that stands in the file as it is. */
function exists(name: string): boolean {
  const [file = '', ...titles] = name.split(SEPARATOR);
  const { text, titles: all } = sourceOf(file);
  const wanted = titles.join(SEPARATOR);
  if (all.includes(wanted)) return true;
  const ofTable = all.find((title) => isNamed(title, wanted));
  if (ofTable === undefined) return false;
  const [before = '', after = ''] = ofTable.split(/%[sdifjop]/);
  const line = wanted.slice(before.length, wanted.length - after.length);
  return [`'${line}'`, `"${line}"`].some((literal) => text.includes(literal));
}

function sourceOf(file: string) {
  const known = sources.get(file);
  if (known !== undefined) return known;
  const text = existsSync(`${TESTS}${file}`) ? readFileSync(`${TESTS}${file}`, 'utf8') : '';
  const source = { text, titles: titlesOf(text) };
  sources.set(file, source);
  return source;
}
