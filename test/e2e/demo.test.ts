import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { until } from '../support/until.js';

const DEMO = fileURLToPath(new URL('../../dist/deploy/demo/main.js', import.meta.url));
const EVENT_LINE = /^\d\d:\d\d:\d\d {2}(created|updated) {2}[A-Z]+ .+ {2}(shared|\d{3}-[A-Z]{2}) +\d+\.\d s$/;

interface Demo {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  output(): string;
}

/** A folder for temporary files of its own, to see what is left in it. */
let folder: string;
let demo: Demo | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'demo-test-'));
  const problem = process.env['TEST_BUILD_PROBLEM'];
  if (problem !== undefined) throw new Error(`There is no demo to start: ${problem}`);
});

afterEach(async () => {
  demo?.child.kill('SIGKILL');
  await demo?.ended;
  rmSync(folder, { recursive: true, force: true });
});

describe('npm run demo', () => {
  test('shows events, stops by itself, finds nothing lost or twice, and leaves nothing behind', async () => {
    demo = startDemo('--seconds', '6');
    const processes = await untilItRuns(demo);
    const status = await demo.ended;
    const lines = demo.output().split('\n');
    const events = lines.filter((line) => EVENT_LINE.test(line));
    const balance = lines.find((line) => /\d+ changes in the company/.test(line)) ?? '';

    expect(status).toBe(0);
    expect(events.length).toBeGreaterThan(5);
    expect(lines.some((line) => /^-- \d+ events, .* requests/.test(line))).toBe(true);
    expect(balance).toMatch(new RegExp(`, ${events.length} events, 0 lost, 0 twice$`));
    // For a pipe: no colours, and no line that a terminal of 80 columns would break.
    expect(demo.output()).not.toContain('\u001b');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(processes.filter(isAlive)).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('stops in good order on Ctrl-C', async () => {
    demo = startDemo();
    const processes = await untilItRuns(demo);
    demo.child.kill('SIGINT');

    expect(await demo.ended).toBe(0);
    expect(demo.output()).toMatch(/ 0 lost, 0 twice\n/);
    expect(processes.filter(isAlive)).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('says why when the worker ends, names its log, and fails', async () => {
    demo = startDemo();
    const [worker, redis] = await untilItRuns(demo);
    process.kill(worker, 'SIGKILL');
    const status = await demo.ended;

    expect(status).toBe(1);
    expect(demo.output()).toContain('The worker ended by itself (signal SIGKILL)');
    expect(demo.output()).toMatch(/The worker's log: \S+worker\.log\n/);
    expect(isAlive(redis)).toBe(false);
  });

  test('says how it is used when it is used wrongly', async () => {
    demo = startDemo('--seconds', 'soon');

    expect(await demo.ended).toBe(2);
    expect(demo.output()).toContain('--seconds expects');
  });
});

function startDemo(...args: string[]): Demo {
  const child = spawn(process.execPath, [DEMO, ...args], {
    env: { PATH: process.env['PATH'] ?? '', TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, ended, output: () => output };
}

/** Until the first event is on the screen; answers the processes that the demo has started: worker and Redis. */
async function untilItRuns({ child, output }: Demo): Promise<[number, number]> {
  await until(
    () => `the first event; the demo wrote:\n${output()}`,
    () => {
      if (child.exitCode !== null) throw new Error(`The demo ended with ${child.exitCode}:\n${output()}`);
      return output()
        .split('\n')
        .some((line) => EVENT_LINE.test(line));
    },
  );
  return [pidIn('intacct-demo-', 'worker.log', /"pid":(\d+)/), pidIn('private-redis-', 'redis.log', /^(\d+):/m)];
}

/** Who wrote the log in a temporary folder of the demo. */
function pidIn(folderPrefix: string, log: string, pattern: RegExp): number {
  const inside = readdirSync(folder).find((name) => name.startsWith(folderPrefix)) ?? '';
  return Number(pattern.exec(readFileSync(join(folder, inside, log), 'utf8'))?.[1]);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
