import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { findPrometheus, HOW_TO_GET_PROMETHEUS, type PrometheusPrograms } from '../../deploy/setup/prometheus.mjs';
import { freePort, outlive } from '../../deploy/setup/redis-server.mjs';
import { until } from './until.js';

const FOLDER = fileURLToPath(new URL('../../deploy/prometheus/', import.meta.url));

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A real Prometheus that scrapes one worker, with the configuration and the rules that are deployed. */
export interface Prometheus {
  query(expression: string): Promise<readonly Sample[]>;
  /** Of its HTTP API: the data of an answer. */
  get(path: string): Promise<unknown>;
  stop(): Promise<void>;
}

interface Config {
  readonly global: object;
  readonly scrape_configs: readonly { readonly job_name: string; readonly dns_sd_configs?: unknown }[];
}

/** Tests that need Prometheus. The set-up step fetches it where it can; where it cannot, they are skipped and say so. */
export function describeWithPrometheus(name: string, tests: (programs: PrometheusPrograms) => void): void {
  const programs = findPrometheus();
  if (programs !== undefined) describe(name, () => tests(programs));
  else describe.skip(`${name} (skipped: ${HOW_TO_GET_PROMETHEUS})`, () => tests({ prometheus: '', promtool: '' }));
}

/** As deployed, but for where to find the worker, and every second. */
function configFor(target: string): string {
  const config = parse(readFileSync(join(FOLDER, 'prometheus.yml'), 'utf8')) as Config;
  const [worker] = config.scrape_configs.filter((job) => job.job_name === 'intacct-trigger');
  const { dns_sd_configs: _whereItIsDeployed, ...job } = worker ?? { job_name: 'missing' };
  return stringify({
    ...config,
    global: { ...config.global, scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: [join(FOLDER, 'rules.yml')],
    scrape_configs: [{ ...job, static_configs: [{ targets: [target] }] }],
  });
}

/** @param target host:port of the worker */
export async function startPrometheus(target: string): Promise<Prometheus> {
  const programs = findPrometheus();
  if (programs === undefined) throw new Error(HOW_TO_GET_PROMETHEUS);
  const folder = mkdtempSync(join(tmpdir(), 'private-prometheus-'));
  writeFileSync(join(folder, 'prometheus.yml'), configFor(target));
  const port = await freePort();
  const child = spawn(
    programs.prometheus,
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const release = outlive(child.pid ?? 0, folder);
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const stop = async () => {
    await end(child);
    release();
    rmSync(folder, { recursive: true, force: true });
  };

  const url = `http://127.0.0.1:${port}`;
  const get = async (path: string) => {
    const response = await fetch(`${url}/api/v1/${path}`, { headers: { connection: 'close' } });
    const answer = (await response.json()) as { status: string; error?: string; data: unknown };
    if (answer.status !== 'success') throw new Error(`${path}: ${answer.error}`);
    return answer.data;
  };
  try {
    await until(
      () => `a Prometheus that is ready; it wrote:\n${complaints}`,
      async () => {
        if (child.exitCode !== null) throw new Error(`Prometheus ended:\n${complaints}`);
        return fetch(`${url}/-/ready`).then(
          ({ ok }) => ok,
          () => false,
        );
      },
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    get,
    async query(expression) {
      const data = await get(`query?query=${encodeURIComponent(expression)}`);
      const { result } = data as { result: readonly { metric: Record<string, string>; value: [number, string] }[] };
      return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
    },
    stop,
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  // Nothing of what it has stored is wanted any more.
  child.kill('SIGKILL');
  await exited;
}
