import { type DrainRun, type DrainSetting, drainByScript, drainByWorker } from './drain.js';
import { medianOf, table } from './tell.js';

export interface CompareOptions {
  readonly rows: number;
  readonly rounds: number;
}

const VARIANTS = [
  { title: 'changes spread over time, 20 a second', perSecond: 20, latencyMs: 0 },
  { title: 'bulk changes, 3,000 stamped with each second', perSecond: 3_000, latencyMs: 0 },
  { title: 'spread again, and each answer takes 500 ms more', perSecond: 20, latencyMs: 500 },
];

/**
 * The same backlog for both, in turn: a b a b. What else the machine does meanwhile hits both, though not alike: the script uses one
 * core at a time, while the worker has Redis, the company and itself work side by side. On a machine whose cores are taken by others
 * the first ratio sinks, and the second does not.
 */
export async function compareDrains({ rows, rounds }: CompareOptions, say: (line: string) => void): Promise<void> {
  for (const { title, ...variant } of VARIANTS) {
    const setting: DrainSetting = { rows, ...variant };
    const pairs: { readonly script: DrainRun; readonly worker: DrainRun }[] = [];
    for (let round = 0; round < rounds; round += 1) {
      pairs.push({ script: await drainByScript(setting), worker: await drainByWorker(setting) });
    }
    const scripts = pairs.map(({ script }) => script);
    const workers = pairs.map(({ worker }) => worker);
    say(`\nA backlog of ${rows} records of 44 fields, ${title}`);
    say(
      table([
        ['', 'rows/s', 'own CPU s', 'Redis CPU s', 'billed queries', 'load'],
        row('script on the SDK', scripts),
        row('worker', workers),
      ]),
    );
    const speeds = pairs.map(({ script, worker }) => worker.rowsPerSecond / script.rowsPerSecond);
    const work = pairs.map(({ script, worker }) => script.cpuSeconds / worker.cpuSeconds);
    say(`ratio ${range(speeds)} in rows/s, ${range(work)} in own CPU (median of ${rounds} pairs, least to most)`);
  }
}

function range(values: readonly number[]): string {
  return `${medianOf(values).toFixed(2)} (${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)})`;
}

function row(name: string, runs: readonly DrainRun[]): string[] {
  const median = (what: keyof DrainRun, digits: number): string =>
    medianOf(runs.map((run) => run[what])).toFixed(digits);
  return [
    name,
    median('rowsPerSecond', 0),
    median('cpuSeconds', 2),
    median('redisCpuSeconds', 2),
    median('billed', 0),
    median('load', 1),
  ];
}
