import { describe, expect, test } from '@jest/globals';
import { exists, HTTP_PORT, readText, unknownVariables } from './settings.js';

// What can be told by reading. deploy/check-image.sh carries the steps out.

interface Step {
  readonly instruction: string;
  readonly rest: string;
}

interface Stage {
  readonly name: string;
  readonly base: string;
  readonly steps: readonly Step[];
}

const steps: readonly Step[] = readText('deploy/Dockerfile')
  .replace(/^\s*#.*\n/gm, '')
  .replace(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => {
    const [instruction = '', ...words] = line.split(' ');
    return { instruction, rest: words.join(' ') };
  });
const stages: readonly Stage[] = steps.flatMap(({ instruction, rest }, index) => {
  const [base = '', name = ''] = rest.split(' AS ');
  const after = steps.slice(index + 1);
  const next = after.findIndex((step) => step.instruction === 'FROM');
  return instruction === 'FROM' ? [{ name, base, steps: next < 0 ? after : after.slice(0, next) }] : [];
});

/** What an instruction says in a stage or, unless it says it itself, in the one that it stands on. */
function said(stage: string, instruction: string): string | undefined {
  const { base, steps: own } = stages.find(({ name }) => name === stage) ?? { base: '', steps: [] };
  if (stage === '' || base === '') return undefined;
  return own.findLast((step) => step.instruction === instruction)?.rest ?? said(base, instruction);
}

const words = (json = ''): readonly string[] => JSON.parse(json.slice(json.indexOf('[')));

describe('deploy/Dockerfile', () => {
  test('stands on one image with an exact version of a Node that package.json admits', () => {
    expect(steps[0]).toEqual({ instruction: 'ARG', rest: expect.stringMatching(/^NODE_VERSION=24\.\d+\.\d+$/) });
    const names = stages.map(({ name }) => name);
    const outside = stages.filter(({ base }) => !names.includes(base)).map(({ base }) => base);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how a Dockerfile says it.
    expect(outside).toEqual(['node:${NODE_VERSION}-bookworm-slim']);
  });

  test('copies what is there', () => {
    const copied = steps.filter(({ instruction, rest }) => instruction === 'COPY' && !rest.startsWith('--from='));
    const sources = copied.flatMap(({ rest }) => rest.split(' ').slice(0, -1));
    expect(sources.filter((source) => !exists(source))).toEqual([]);
    expect(sources).not.toContain('.');
  });

  test('ends with the worker, which is what a build without a target makes', () => {
    expect(stages.at(-1)?.name).toBe('worker');
    expect(`"start": "exec ${words(said('worker', 'CMD')).join(' ')}"`).toBe(
      /"start": ".*"/.exec(readText('package.json'))?.[0],
    );
  });

  test.each(['worker', 'simulator'])('%s runs as a numbered user that is not root, under an init', (stage) => {
    expect(said(stage, 'USER')).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(words(said(stage, 'ENTRYPOINT'))).toEqual(['tini', '--']);
    expect(said(stage, 'STOPSIGNAL')).toBe('SIGTERM');
    expect(words(said(stage, 'HEALTHCHECK')).slice(0, 2)).toEqual(['node', '-e']);
  });

  test('says what the worker reads, and no secret', () => {
    const settings = new Map(
      (said('worker', 'ENV') ?? '').split(' ').map((pair) => pair.split('=') as [string, string]),
    );
    expect(unknownVariables(settings.keys())).toEqual([]);
    expect(Object.fromEntries(settings)).toEqual({
      NODE_ENV: 'production',
      HTTP_HOST: '0.0.0.0',
      HTTP_PORT: String(HTTP_PORT),
    });
    expect(said('worker', 'EXPOSE')).toBe(String(HTTP_PORT));
  });

  test('gives the version of package.json', () => {
    const version = /"version": "(.*)"/.exec(readText('package.json'))?.[1];
    expect(steps).toContainEqual({ instruction: 'ARG', rest: `VERSION=${version}` });
  });
});

describe('.dockerignore', () => {
  test.each(['node_modules', '.git', '.env', 'deploy/secrets'])('keeps %s from the engine', (path) => {
    expect(readText('.dockerignore').split('\n')).toContain(path);
  });
});
