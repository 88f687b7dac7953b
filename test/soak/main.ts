import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type SoakOptions, soak } from './soak.js';
import { growthProblems, progressLine, table } from './tell.js';
import { ALL_TROUBLES } from './troubles.js';

const USAGE = `Real workers, a real Redis and a simulated company that never stands still; processes, connections and answers break at
random. In the end every version of every record must have been delivered exactly once.

  npm run test:soak -- [--minutes M] [--seed S] [--replicas N]

  --minutes M   how long things break (default 3); up to two more until all is counted
  --seed S      the plan of what breaks when (default: another each time)
  --replicas N  workers at a time (default 3)
`;

class UsageError extends Error {}

function readOptions(args: readonly string[]): Pick<SoakOptions, 'seed' | 'forMs' | 'replicas'> | null {
  const flags = {
    minutes: { type: 'string', default: '3' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    replicas: { type: 'string', default: '3' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  let values: { minutes: string; seed: string; replicas: string; help?: boolean };
  try {
    ({ values } = parseArgs({ args: [...args], options: flags }));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  if (values.help === true) return null;
  return {
    forMs: 60_000 * numberOf('--minutes', values.minutes, 0.1, 24 * 60),
    seed: Math.floor(numberOf('--seed', values.seed, 0, 4_294_967_295)),
    replicas: Math.floor(numberOf('--replicas', values.replicas, 1, 16)),
  };
}

function numberOf(name: string, text: string, least: number, most: number): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!(value >= least && value <= most))
    throw new UsageError(`${name} expects a number from ${least} to ${most}, got "${text}"`);
  return value;
}

async function main(): Promise<void> {
  const asked = readOptions(process.argv.slice(2));
  if (asked === null) {
    process.stdout.write(USAGE);
    return;
  }
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  process.once('SIGTERM', () => stop.abort());
  process.stdout.write(
    `seed ${asked.seed}, ${asked.replicas} replicas, ${asked.forMs / 60_000} minutes of trouble\n\n`,
  );

  const report = await soak({
    ...asked,
    survivor: asked.replicas > 1,
    changesPerSecond: 25,
    latestMs: 20_000,
    bulk: { rows: 3_000, everyMs: 45_000 },
    troubles: ALL_TROUBLES,
    longestPauseMs: 3_000,
    patienceMs: 120_000,
    stop: stop.signal,
    onProgress: (progress) => process.stdout.write(`${progressLine(progress)}\n`),
  });

  const problems = [...report.problems, ...growthProblems(report.vitals)];
  process.stdout.write(`\n${table(report)}\n`);
  if (problems.length === 0) {
    process.stdout.write(`Nothing lost, nothing twice. Seed ${asked.seed}.\n`);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), `soak-${asked.seed}-`));
  for (const [index, output] of report.outputs.entries()) writeFileSync(join(folder, `replica-${index}.log`), output);
  process.stdout.write(`${problems.map((problem) => `- ${problem}`).join('\n')}\n\n`);
  process.stdout.write(`FAILED with seed ${asked.seed}. What the workers wrote is in ${folder}\n`);
  process.exitCode = 1;
}

main().catch((error: unknown) => {
  const usage = error instanceof UsageError;
  process.stderr.write(
    `${error instanceof Error ? (usage ? error.message : error.stack) : String(error)}\n${usage ? `\n${USAGE}` : ''}`,
  );
  process.exitCode = usage ? 2 : 1;
});
