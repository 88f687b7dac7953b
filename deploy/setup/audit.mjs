// Known weaknesses of what the worker ships with. A registry that does not answer such questions is no reason to fail.
import { spawnSync } from 'node:child_process';

const SERIOUS = ['high', 'critical'];

const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], { encoding: 'utf8', timeout: 60_000 });

/** @type {{ vulnerabilities?: Record<string, { severity: string, range: string }> }} */
let report = {};
try {
  report = JSON.parse(stdout ?? '');
} catch {
  // No answer, or none that can be read.
}

if (report.vulnerabilities === undefined) {
  console.log('note: not audited, the package registry does not offer it here');
} else {
  const serious = Object.entries(report.vulnerabilities).filter(([, { severity }]) => SERIOUS.includes(severity));
  for (const [name, { severity, range }] of serious) console.log(`${severity}: ${name} ${range}`);
  process.exitCode = serious.length > 0 ? 1 : 0;
}
