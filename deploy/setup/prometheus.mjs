// Prometheus and promtool, for the tests of metrics, dashboard and alerts. Nothing else needs them, so that without them those tests
// are skipped and the rest runs.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/prometheus/', import.meta.url));
/** Left behind by an attempt that failed: a machine without a way to the packages is not to wait for it on every run. */
const GAVE_UP = join(CACHE, 'gave-up');
const TRY_AGAIN_AFTER_MS = 24 * 3_600_000;
const INSTALLED_WITHIN_MS = 120_000;
const MORE_FOLDERS = ['/usr/local/bin', '/usr/bin', '/opt/homebrew/bin', join(CACHE, 'usr/bin')];

export const HOW_TO_GET_PROMETHEUS =
  'Prometheus is not installed: put prometheus and promtool on PATH (Debian, Ubuntu: apt-get install prometheus; macOS: brew install prometheus)';

/**
 * @typedef {object} PrometheusPrograms
 * @property {string} prometheus
 * @property {string} promtool
 */

/** @param {string} path */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @returns {PrometheusPrograms | undefined} */
export function findPrometheus() {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...MORE_FOLDERS].filter((folder) => folder !== '');
  const find = (/** @type {string} */ name) => folders.map((folder) => join(folder, name)).find(isProgram);
  const [prometheus, promtool] = [find('prometheus'), find('promtool')];
  return prometheus === undefined || promtool === undefined ? undefined : { prometheus, promtool };
}

/** Unpacked beside node_modules instead of installed: it needs no rights, and no service comes with it. */
const APT = `
set -e
download() { apt-get -qq download prometheus; }
download || { $SUDO apt-get update -qq && download; }
dpkg-deb --extract prometheus_*.deb unpacked
mkdir -p "$0/usr"
rm -rf "$0/usr/bin"
mv unpacked/usr/bin "$0/usr/bin"
`;

const PACKAGE_MANAGERS = [
  { name: 'apt-get', script: APT },
  // Neither starts a service.
  { name: 'brew', script: 'brew install --quiet prometheus' },
  { name: 'apk', script: '$SUDO apk add --no-cache prometheus' },
];

/**
 * @param {readonly string[]} args of sh
 * @param {NodeJS.ProcessEnv} env
 * @param {string} cwd
 */
function shell(args, env = process.env, cwd = tmpdir()) {
  const { status, stdout, stderr } = spawnSync('sh', args, {
    cwd,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: INSTALLED_WITHIN_MS,
  });
  return { ok: status === 0, output: `${stdout ?? ''}${stderr ?? ''}`.trim() };
}

/** @returns {string | undefined} why it could not be done */
export function installPrometheus() {
  const manager = PACKAGE_MANAGERS.find(({ name }) => shell(['-c', 'command -v "$0"', name]).ok);
  if (manager === undefined) return 'no package manager known here (apt-get, brew, apk)';
  const SUDO = process.getuid?.() === 0 ? '' : 'sudo -n';
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), 'prometheus-package-'));
  try {
    const { ok, output } = shell(['-c', manager.script, CACHE], { ...process.env, SUDO }, folder);
    return ok ? undefined : `${manager.name}: ${output.split('\n').at(-1) ?? 'failed'}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Never fails: what cannot be had is said, and the tests that want it say so too.
 *
 * @param {(text: string) => void} say
 */
export function ensurePrometheus(say) {
  if (findPrometheus() !== undefined) return;
  if (existsSync(GAVE_UP) && Date.now() - statSync(GAVE_UP).mtimeMs < TRY_AGAIN_AFTER_MS) return;
  say('fetching Prometheus, for the tests of metrics, dashboard and alerts');
  const problem = installPrometheus();
  if (problem === undefined && findPrometheus() !== undefined) return;
  say(`those tests will be skipped: ${problem ?? 'the package holds no Prometheus'}`);
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(GAVE_UP, '');
}
