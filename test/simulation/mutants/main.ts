import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { transformSync } from '@swc/core';
import { FAULTS, type Fault } from './faults.js';

/**
 * npm run test:mutants [-- part of a name]: can the simulation fail? Each fault is put into a copy of the sources, and the stories
 * are told against it until one breaks a claim. Writes MUTANTS.md.
 */
const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../../../..');
const FOLDERS = ['worker', 'shared', 'test/simulation'];
const SEED = 1;
const STORIES = 16_000;
/** So many must be told of the sources as they are, and none of them break a claim. */
const STORIES_WITHOUT_FAULT = 3_000;
const AT_ONCE = 2;

interface Caught {
  readonly claim: string;
  readonly family: string;
  readonly seed: number;
  readonly stories: number;
  readonly message: string;
}

const sources = new Map<string, string>();
for (const folder of FOLDERS) {
  for (const name of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts') || name.endsWith('.test.ts')) continue;
    const file = `${folder}/${name}`;
    sources.set(file, readFileSync(join(ROOT, file), 'utf8'));
  }
}

/** The source of a file with the fault in it. Throws when a patch does not fit exactly one place. */
function patched(file: string, { name, patches }: Fault): string {
  let text = sources.get(file) ?? '';
  for (const { from, to } of patches.filter((patch) => patch.file === file)) {
    if (text.split(from).length !== 2) throw new Error(`The fault "${name}" does not fit ${file} any more: ${from}`);
    text = text.replace(from, () => to);
  }
  return text;
}

async function hunt(fault: Fault, stories: number): Promise<Caught | null> {
  const folder = mkdtempSync(join(tmpdir(), 'mutant-'));
  try {
    for (const { file } of fault.patches)
      if (!sources.has(file)) throw new Error(`"${fault.name}": there is no ${file}`);
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    for (const file of sources.keys()) {
      const target = join(folder, file.replace(/\.ts$/, '.js'));
      mkdirSync(dirname(target), { recursive: true });
      const options = { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'es6' } } as const;
      writeFileSync(target, transformSync(patched(file, fault), options).code);
    }
    const hunter = join(folder, 'test/simulation/mutants/hunt.js');
    const { stdout } = await promisify(execFile)(process.execPath, [hunter, String(SEED), String(stories)]);
    return JSON.parse(stdout) as Caught | null;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function row({ name, patches }: Fault, caught: Caught | null): string {
  const files = [...new Set(patches.map(({ file }) => `\`${file}\``))].join(', ');
  if (caught === null) return `| ${name} | ${files} | **not caught** | | |`;
  return `| ${name} | ${files} | ${caught.claim} | ${caught.stories} | ${caught.seed}, ${caught.family} |`;
}

/** Without a fault nothing may be caught, or what is caught says nothing. */
const sound = await hunt({ name: 'no fault', patches: [] }, STORIES_WITHOUT_FAULT);
if (sound !== null) throw new Error(`The sources break a claim without any fault: ${sound.message}`);

const wanted = process.argv[2] ?? '';
const faults = FAULTS.filter(({ name }) => name.includes(wanted));
const outcomes = new Map<Fault, Caught | null>();
const waiting = [...faults];
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (let fault = waiting.shift(); fault !== undefined; fault = waiting.shift()) {
      const caught = await hunt(fault, STORIES);
      outcomes.set(fault, caught);
      console.log(
        caught === null
          ? `NOT CAUGHT  ${fault.name}`
          : `caught after ${caught.stories} stories: ${fault.name} (${caught.claim})`,
      );
      if (caught?.claim.startsWith('No claim') === true) console.log(caught.message);
    }
  }),
);

if (wanted === '') {
  const lines = [
    '# Deliberate faults',
    '',
    'Each fault is put into a copy of the sources, alone; the stories of the simulation are told until one breaks a claim. Written by',
    '`npm run test:mutants`.',
    '',
    '| fault | in | claim that broke | stories told | seed, family |',
    '|---|---|---|---|---|',
    ...faults.map((fault) => row(fault, outcomes.get(fault) ?? null)),
    '',
  ];
  writeFileSync(join(ROOT, 'test/simulation/MUTANTS.md'), lines.join('\n'));
}
const missed = faults.filter((fault) => outcomes.get(fault) == null);
console.log(`${faults.length - missed.length} of ${faults.length} faults were caught`);
process.exitCode = missed.length > 0 || faults.length === 0 ? 1 : 0;
