// Is package-lock.json complete, and free of registry hosts?
//
// `npm install` can write a lock file with holes: an optional platform build that the registry of that day did not have
// gets no entry. The next `npm ci` on a clean machine then refuses ("Missing: ... from lock file").
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/**
 * @typedef {object} Entry
 * @property {string} [version]
 * @property {string} [resolved]
 * @property {string} [integrity]
 * @property {boolean} [link]
 * @property {boolean} [inBundle]
 * @property {boolean} [dev]
 * @property {boolean} [devOptional]
 * @property {{ node?: string }} [engines]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [devDependencies]
 * @property {Record<string, string>} [optionalDependencies]
 * @property {Record<string, string>} [peerDependencies]
 * @property {Record<string, { optional?: boolean }>} [peerDependenciesMeta]
 */

/**
 * Looks `name` up as Node would from the package at `from`: its own node_modules first, then each one above.
 *
 * @param {Record<string, Entry>} packages
 * @param {string} from
 * @param {string} name
 */
function isLocked(packages, from, name) {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/') - 1))) {
    if (packages[at === '' ? `node_modules/${name}` : `${at}/node_modules/${name}`]) return true;
    if (at === '') return false;
  }
}

/**
 * Does a range such as ">=18", "^20.19.0 || >=22" or "18 || 20" let some release of this major in?
 *
 * @param {string} range
 * @param {number} major
 */
function admitsMajor(range, major) {
  return range.split('||').some((part) => {
    const [, operator, first] = /^\s*(>=|>|\^|~|<=|<|=|)\s*v?(\d+|\*|x)/.exec(part) ?? [];
    if (first === undefined || operator === undefined) return true;
    if (first === '*' || first === 'x') return true;
    if (operator.startsWith('<')) return major <= Number(first);
    return operator.startsWith('>') ? major >= Number(first) : major === Number(first);
  });
}

/**
 * @param {{ lockfileVersion?: number, packages?: Record<string, Entry> }} lock
 * @param {Entry} manifest package.json
 * @returns {string[]} one sentence per fault
 */
export function lockfileFaults(lock, manifest) {
  const packages = lock.packages ?? {};
  const root = packages[''];
  if (root === undefined) return ['package-lock.json has no entry for this package: run npm install'];
  /** @type {string[]} */
  const faults = [];

  for (const group of /** @type {const} */ (['dependencies', 'devDependencies'])) {
    const wanted = manifest[group] ?? {};
    const locked = root[group] ?? {};
    for (const name of new Set([...Object.keys(wanted), ...Object.keys(locked)])) {
      if (wanted[name] !== locked[name]) {
        faults.push(
          `${name}: package.json says ${wanted[name] ?? 'nothing'}, the lock file ${locked[name] ?? 'nothing'}`,
        );
      }
    }
  }

  for (const [path, entry] of Object.entries(packages)) {
    const label =
      path === '' ? 'this package' : `${path.slice(path.lastIndexOf('node_modules/') + 13)}@${entry.version}`;
    if (entry.resolved !== undefined && !entry.link)
      faults.push(`${label}: names the host it came from (${entry.resolved})`);
    if (path !== '' && !entry.link && !entry.inBundle && !entry.integrity)
      faults.push(`${label}: has no integrity hash`);

    const requiredPeers = Object.keys(entry.peerDependencies ?? {}).filter(
      (name) => entry.peerDependenciesMeta?.[name]?.optional !== true,
    );
    const needed = { ...entry.dependencies, ...entry.devDependencies, ...entry.optionalDependencies };
    for (const name of [...Object.keys(needed), ...requiredPeers]) {
      if (!isLocked(packages, path, name))
        faults.push(`${label}: its dependency ${name} is missing from the lock file`);
    }

    const node = entry.engines?.node;
    if (path !== '' && !entry.dev && !entry.devOptional && node !== undefined && !admitsMajor(node, 20)) {
      faults.push(`${label}: wants Node ${node}, and this package promises Node 20`);
    }
  }
  return faults;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  /** @param {string} name */
  const read = (name) => JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'));
  const faults = lockfileFaults(read('package-lock.json'), read('package.json'));
  for (const fault of faults) console.error(fault);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
