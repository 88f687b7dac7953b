import { availableParallelism, cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { compareDrains } from './compare-drains.js';
import { measureIdle } from './idle.js';
import { measureRedis } from './redis.js';

const BENCHES = ['drain', 'redis', 'idle'] as const;
const USAGE = `What the worker takes and what it carries, measured on loopback against a simulated company. Nothing here passes or fails.

  npm run bench [-- drain|redis|idle ...] [--rows N] [--rounds N]

  drain  a backlog, emptied by a script on Sage's SDK and by the worker, in turn: rows a second and their ratio
  redis  what a ledger entry and a waiting event take of Redis, and how many events pass through one
  idle   what a tick costs in which nothing has changed, and how many streams one worker carries

  --rows N    records in the backlog (default 40000)
  --rounds N  how often each of the two empties it (default 3)
`;

class UsageError extends Error {}

function readOptions(args: readonly string[]) {
  const flags = {
    rows: { type: 'string', default: '40000' },
    rounds: { type: 'string', default: '3' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: flags, allowPositionals: true });
    if (values.help === true) return null;
    const unknown = positionals.find((name) => !BENCHES.some((bench) => bench === name));
    if (unknown !== undefined) throw new Error(`There is no bench "${unknown}"`);
    return {
      benches: BENCHES.filter((bench) => positionals.length === 0 || positionals.includes(bench)),
      rows: numberOf('--rows', values.rows, 2_001, 500_000),
      rounds: numberOf('--rounds', values.rounds, 1, 20),
    };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function numberOf(name: string, text: string, least: number, most: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) throw new Error(`${name} expects a number from ${least} to ${most}`);
  return value;
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === null) {
    process.stdout.write(USAGE);
    return;
  }
  const { rows, rounds } = options;
  const say = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };
  say(
    `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), Node ${process.version}, load ${(loadavg()[0] ?? 0).toFixed(1)}`,
  );
  if (options.benches.includes('drain')) await compareDrains({ rows, rounds }, say);
  if (options.benches.includes('redis')) await measureRedis({ rows }, say);
  if (options.benches.includes('idle')) await measureIdle(say);
}

main().catch((error: unknown) => {
  const usage = error instanceof UsageError;
  process.stderr.write(
    `${error instanceof Error ? (usage ? error.message : error.stack) : String(error)}\n${usage ? `\n${USAGE}` : ''}`,
  );
  process.exitCode = usage ? 2 : 1;
});
