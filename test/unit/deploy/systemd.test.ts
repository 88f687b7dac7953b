import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readText, unknownVariables } from './settings.js';

const unit = readText('deploy/systemd/intacct-trigger-worker.service');
const all = (name: string) => [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value = '']) => value);

const ANALYZE = 'systemd-analyze';
const systemd = spawnSync(ANALYZE, ['--version'], { encoding: 'utf8' });
const version = Number(/^systemd (\d+)/.exec(systemd.stdout ?? '')?.[1] ?? 0);
const where250 = version >= 250 ? test : test.skip;

function analyze(...args: readonly string[]): { readonly status: number | null; readonly output: string } {
  const dir = mkdtempSync(join(tmpdir(), 'unit-'));
  try {
    const file = join(dir, 'intacct-trigger-worker.service');
    // Node may be elsewhere on this machine.
    writeFileSync(file, unit.replace('/usr/bin/node', process.execPath));
    const { status, stdout, stderr } = spawnSync(ANALYZE, [...args, file], { encoding: 'utf8' });
    return { status, output: `${stdout}${stderr}` };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

describe('deploy/systemd/intacct-trigger-worker.service', () => {
  test('starts what npm start starts', () => {
    const start = /"start": "exec node (.*)"/.exec(readText('package.json'))?.[1];
    expect(all('ExecStart')).toEqual([`/usr/bin/node ${start}`]);
  });

  test('gives the worker only settings that it knows, and its secrets as credentials', () => {
    const settings = all('Environment').map((pair) => pair.split('=') as [string, string]);
    expect(unknownVariables(settings.map(([name]) => name))).toEqual([]);
    const credentials = all('LoadCredential').map((text) => text.split(':')[0]);
    const files = settings.filter(([name]) => name.endsWith('_FILE')).map(([, path]) => path);
    expect(files).toEqual(credentials.map((name) => `%d/${name}`));
    expect(settings.filter(([name]) => /PASSWORD|TOKEN/.test(name) && !name.endsWith('_FILE'))).toEqual([]);
  });

  test('does not try wrong settings again, and waits longer than the worker takes to stop', () => {
    expect(all('Restart')).toEqual(['on-failure']);
    expect(all('RestartPreventExitStatus')).toEqual(['2']);
    expect(Number(all('TimeoutStopSec')[0])).toBeGreaterThan(10);
  });

  where250('is a unit that systemd understands', () => {
    expect(analyze('verify', '--man=no')).toEqual({ status: 0, output: '' });
  });

  where250('leaves little open (0 to 10, less is better)', () => {
    const { status, output } = analyze('security', '--offline=true', '--threshold=20', '--no-pager');
    expect({ status, output }).toMatchObject({ status: 0 });
  });
});
