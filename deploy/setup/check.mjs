// npm run check: everything that can be said about the sources without running them. All checks run, side by side; one line each.
import './require-node.mjs';
import { spawn } from 'node:child_process';
import { join } from 'node:path';

const { ROOT, setUp } = await import('./steps.mjs');
setUp(['packages']);

const bin = (/** @type {string} */ name) => join(ROOT, 'node_modules/.bin', name);
const FOLDERS = ['worker', 'shared', 'test', 'deploy'];

/** A check is one or more commands; the first that fails ends it. @type {Record<string, string[][]>} */
const CHECKS = {
  'lint and format': [[bin('biome'), 'check', '--error-on-warnings', '--colors=off']],
  types: [[bin('tsc'), '--noEmit']],
  'import rules': [[bin('depcruise'), '--output-type', 'err-long', '--config', '.dependency-cruiser.cjs', ...FOLDERS]],
  'import rules at run time': [
    [process.execPath, 'deploy/setup/build.mjs'],
    [
      bin('depcruise'),
      '--output-type',
      'err-long',
      '--config',
      '.dependency-cruiser.runtime.cjs',
      'dist/worker',
      'dist/shared',
    ],
  ],
  'unused code': [[bin('knip'), '--no-progress', '--treat-config-hints-as-errors']],
  'lock file': [[process.execPath, 'deploy/setup/check-lockfile.mjs']],
  'known weaknesses': [[process.execPath, 'deploy/setup/audit.mjs']],
};

/**
 * @param {string[]} command
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
function run([program = '', ...args]) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.once('error', (error) => resolve({ ok: false, output: String(error) }));
    child.once('close', (status) => resolve({ ok: status === 0, output }));
  });
}

const outcomes = await Promise.all(
  Object.entries(CHECKS).map(async ([name, commands]) => {
    const startedAt = performance.now();
    let note = '';
    for (const command of commands) {
      const { ok, output } = await run(command);
      note = /^note: (.*)$/m.exec(output)?.[1] ?? note;
      if (ok) continue;
      console.log(`FAIL  ${name}\n${output.trimEnd()}\n`);
      return false;
    }
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    console.log(`ok    ${name} (${note === '' ? '' : `${note}, `}${seconds} s)`);
    return true;
  }),
);
process.exitCode = outcomes.every(Boolean) ? 0 : 1;
