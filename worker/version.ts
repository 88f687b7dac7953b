import { readFileSync } from 'node:fs';

/** Of this package. Its sources stand one folder below package.json, what is built of them two. */
export function readVersion(): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const { version } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { version?: unknown };
      if (typeof version === 'string') return version;
    } catch {
      // Not there: look further.
    }
  }
  return 'unknown';
}
