// What a fresh clone lacks: npm packages, a Redis server, a build. Each step looks first, and prints one line on stderr only
// when it has something to do (stdout belongs to the program that is started afterwards). Nothing here asks a question.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensurePrometheus } from './prometheus.mjs';
import { findRedis, OLDEST_REDIS } from './redis-server.mjs';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A reason to stop that the user can act on: printed without a stack trace. */
export class SetupError extends Error {}

/** @param {string} text */
function say(text) {
  process.stderr.write(`set-up: ${text}\n`);
}

/**
 * Runs a program to its end without stdin; its output is kept and returned.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 */
function run(program, args, env = process.env) {
  const { status, error, stdout, stderr } = spawnSync(program, args, {
    cwd: ROOT,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
  });
  return { ok: status === 0, output: `${stdout ?? ''}${stderr ?? ''}${error ? String(error) : ''}`.trim() };
}

// --- npm packages ---

function lockFileHash() {
  const lock = readFileSync(join(ROOT, 'package-lock.json'));
  return createHash('sha256').update(`${process.platform} ${process.arch}\n`).update(lock).digest('hex');
}

/**
 * Did somebody run `npm ci` or `npm install` by hand? npm keeps a list of what it installed: when that agrees with the lock file,
 * installing again would only cost time, and pull the floor from under a running process.
 */
function installedMatchesLockFile() {
  try {
    /** @param {string} path @returns {Record<string, { version?: string, integrity?: string, optional?: boolean, devOptional?: boolean, peer?: boolean }>} */
    const read = (path) => JSON.parse(readFileSync(join(ROOT, path), 'utf8')).packages;
    const { '': _root, ...wanted } = read('package-lock.json');
    const installed = read('node_modules/.package-lock.json');
    const nothingElse = Object.entries(installed).every(([path, entry]) => wanted[path]?.integrity === entry.integrity);
    // Builds for other platforms are optional, and not installed.
    const nothingMissing = Object.entries(wanted).every(
      ([path, entry]) => entry.optional || entry.devOptional || installed[path] !== undefined,
    );
    return nothingElse && nothingMissing;
  } catch {
    return false;
  }
}

export function ensurePackages() {
  const stamp = join(ROOT, 'node_modules/.package-lock-stamp');
  const hash = lockFileHash();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  if (!installedMatchesLockFile()) {
    say('installing npm packages (npm ci)');
    // The npm that runs this script, when it is npm; development packages even under NODE_ENV=production.
    const npm = process.env['npm_execpath'];
    const [program, ...first] = npm && basename(npm) === 'npm-cli.js' ? [process.execPath, npm] : ['npm'];
    const { ok, output } = run(program ?? 'npm', [
      ...first,
      'ci',
      '--include=dev',
      '--no-progress',
      '--loglevel=error',
    ]);
    if (!ok) throw new SetupError(`npm ci failed:\n${output}`);
  }
  writeFileSync(stamp, hash);
}

// --- Redis ---

// No service: the tests and the demo start a private server each. policy-rc.d is Debian's own way to say so; systemd would
// else start the service at the next boot.
const APT = `
if [ ! -e /usr/sbin/policy-rc.d ]; then
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  trap 'exit 1' INT TERM HUP
  printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
install='apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=120'
$install redis-server || $install valkey-server || exit 1
if [ -d /run/systemd/system ]; then systemctl disable --now redis-server valkey-server 2>/dev/null; fi
exit 0
`;

const PACKAGE_MANAGERS = [
  { name: 'apt-get', needsRoot: true, script: APT },
  { name: 'apk', needsRoot: true, script: 'apk add --no-cache redis || apk add --no-cache valkey' },
  { name: 'dnf', needsRoot: true, script: 'dnf install -y -q redis || dnf install -y -q valkey' },
  { name: 'brew', needsRoot: false, script: 'brew install --quiet redis' },
];

const HOW_TO_GET_REDIS = `Install one and run this again, for example:
  Debian, Ubuntu   sudo apt-get install redis-server
  Fedora           sudo dnf install valkey
  Alpine           sudo apk add redis
  macOS            brew install redis
or put a redis-server or valkey-server on PATH. It need not run as a service.`;

/** @param {string} program */
function isOnPath(program) {
  return run('sh', ['-c', 'command -v "$0"', program]).ok;
}

/** @returns {string | undefined} why it could not be done */
function installRedis() {
  const manager = PACKAGE_MANAGERS.find(({ name }) => isOnPath(name));
  if (manager === undefined) return 'no package manager known here (apt-get, apk, dnf, brew)';
  const isRoot = process.getuid?.() === 0;
  const needsSudo = manager.needsRoot && !isRoot;
  if (needsSudo && !run('sudo', ['-n', 'true']).ok)
    return `${manager.name} needs root, and sudo would ask for a password`;
  say(`installing a Redis server (${needsSudo ? 'sudo ' : ''}${manager.name})`);
  const shell = ['sh', '-c', manager.script];
  const { ok, output } = needsSudo ? run('sudo', ['-n', ...shell]) : run('sh', shell.slice(1));
  return ok ? undefined : `${manager.name} failed:\n${output.split('\n').slice(-15).join('\n')}`;
}

export function ensureRedis() {
  const present = findRedis();
  if (present?.recentEnough) return;
  // One that is there but too old belongs to the machine's owner: replacing it is not for a test run to decide.
  const problem = present === undefined ? installRedis() : undefined;
  const found = findRedis();
  if (found?.recentEnough) return;
  const reason = problem ?? (found === undefined ? 'the package holds no server' : `${found.path} is ${found.version}`);
  throw new SetupError(`A Redis server ${OLDEST_REDIS} or newer is needed: ${reason}\n${HOW_TO_GET_REDIS}`);
}

// --- build ---

const BUILT_FROM = [
  'worker',
  'shared',
  'test/simulator',
  'test/simulation',
  'test/soak',
  'test/scorecard',
  'test/bench',
  'test/support',
  'deploy/demo',
  'deploy/setup',
  'tsconfig.json',
  'tsconfig.build.json',
  'package-lock.json',
];

function sourcesHash() {
  const hash = createHash('sha256');
  for (const path of BUILT_FROM) {
    const at = join(ROOT, path);
    if (!existsSync(at)) continue;
    const below = statSync(at).isDirectory() ? readdirSync(at, { recursive: true, encoding: 'utf8' }).sort() : [''];
    for (const name of below) {
      const { mtimeMs, size } = statSync(join(at, name));
      hash.update(`${path}/${name} ${mtimeMs} ${size}\n`);
    }
  }
  return hash.digest('hex');
}

/** Builds beside dist/ and swaps, so that a failed build leaves the last good one, and no deleted source lives on in it. */
export function build() {
  const hash = sourcesHash();
  const next = join(ROOT, `dist.${process.pid}`);
  try {
    const { ok, output } = run(process.execPath, [
      join(ROOT, 'node_modules/typescript/bin/tsc'),
      ...['-p', 'tsconfig.build.json', '--outDir', next],
    ]);
    if (!ok) throw new SetupError(`the build failed:\n${output}`);
    writeFileSync(join(next, '.stamp'), hash);
    rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
    renameSync(next, join(ROOT, 'dist'));
  } finally {
    rmSync(next, { recursive: true, force: true });
  }
}

export function ensureBuild() {
  const stamp = join(ROOT, 'dist/.stamp');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === sourcesHash()) return;
  say('building');
  build();
}

// --- all of them ---

const STEPS = {
  packages: ensurePackages,
  redis: ensureRedis,
  prometheus: () => ensurePrometheus(say),
  build: ensureBuild,
};

/**
 * Runs the named steps in the order in which they depend on each other; all of them when none is named.
 * Ends the process with status 1 and a message where one cannot be done.
 *
 * @param {readonly string[]} names
 */
export function setUp(names) {
  try {
    for (const name of names) if (!(name in STEPS)) throw new SetupError(`no step is called "${name}"`);
    for (const [name, step] of Object.entries(STEPS)) if (names.length === 0 || names.includes(name)) step();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
