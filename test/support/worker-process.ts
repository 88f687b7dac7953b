import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { freePort, outlive } from '../../deploy/setup/redis-server.mjs';
import type { Simulator } from '../simulator/simulator.js';
import { until } from './until.js';

const HERE = fileURLToPath(new URL('../../', import.meta.url));
const STOPS_WITHIN_MS = 10_000;

export type Environment = Readonly<Record<string, string>>;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A line of the worker's log. */
export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** The worker as an operator runs it: a process of its own that knows nothing but its environment. */
export interface WorkerProcess {
  readonly pid: number;
  /** Base of its HTTP addresses. */
  readonly url: string;
  readonly exited: Promise<Exit>;
  /** Everything it has written so far, standard output and standard error. */
  output(): string;
  /** The lines of its log with this message, or all. */
  log(message?: string): readonly LogLine[];
  get(path: string): Promise<{ readonly status: number; readonly text: string }>;
  /** Sum of the samples of a metric (without its prefix), of those whose labels contain the text. */
  metric(name: string, labels?: string): Promise<number>;
  /** Waits until it has read to the end so many times since its start. */
  polled(times: number): Promise<void>;
  /** Waits until it has read to the end so many times more. */
  polledAgain(times: number): Promise<void>;
  /** Waits for /readyz to say yes. */
  ready(): Promise<WorkerProcess>;
  /** SIGTERM; fails unless the worker then ends by itself, in time. */
  stop(): Promise<Exit>;
  /** SIGKILL, at any moment; harmless when it has ended. */
  kill9(): Promise<void>;
}

/** How to reach a simulated company, with the intervals of a test: as short as the settings allow. */
export function environmentFor(
  simulator: Pick<Simulator, 'url' | 'credentials'>,
  redisUrl: string,
  prefix: string,
): Environment {
  const { senderId, senderPassword, companyId, userId, userPassword } = simulator.credentials;
  return {
    REDIS_URL: redisUrl,
    QUEUE_PREFIX: prefix,
    INTACCT_ENDPOINT: simulator.url,
    INTACCT_SENDER_ID: senderId,
    INTACCT_SENDER_PASSWORD: senderPassword,
    INTACCT_COMPANY_ID: companyId,
    INTACCT_USER_ID: userId,
    INTACCT_USER_PASSWORD: userPassword,
    INTACCT_OBJECTS: 'CUSTOMER',
    POLL_EVERY: '1s',
    SETTLE: '1s',
    OVERLAP: '30s',
  };
}

/** Starts the built worker (dist/, made by the suite's global set-up). The caller ends it. */
export async function startWorker(environment: Environment): Promise<WorkerProcess> {
  const problem = process.env['TEST_BUILD_PROBLEM'];
  if (problem !== undefined) throw new Error(`There is no worker to start: ${problem}`);
  const port = environment['HTTP_PORT'] ?? String(await freePort());
  const child = spawn(process.execPath, ['--enable-source-maps', program()], {
    // Nothing of the environment of the suite: what a worker does must not depend on who runs the test.
    env: { PATH: process.env['PATH'] ?? '', HTTP_PORT: port, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return new ChildWorker(child, `http://127.0.0.1:${port}`);
}

/** The built worker, seen from the sources as well as from what was built beside it. */
function program(): string {
  const built = `${HERE}worker/main.js`;
  return existsSync(built) ? built : `${HERE}dist/worker/main.js`;
}

class ChildWorker implements WorkerProcess {
  readonly #child: ChildProcess;
  readonly url: string;
  readonly exited: Promise<Exit>;
  #output = '';
  #exit: Exit | null = null;

  constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
    // Should the suite itself be killed, its workers go with it.
    const release = outlive(child.pid ?? 0, undefined);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
    this.exited = new Promise((resolve, reject) => {
      child.once('error', reject);
      // Not `exit`: what it wrote last may still be on its way.
      child.once('close', (code, signal) => {
        release();
        this.#exit = { code, signal };
        resolve(this.#exit);
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  output(): string {
    return this.#output;
  }

  log(message?: string): readonly LogLine[] {
    const lines = this.#output.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'));
    const parsed = lines.map((line) => JSON.parse(line) as LogLine);
    return message === undefined ? parsed : parsed.filter((line) => line.msg === message);
  }

  async get(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const response = await fetch(`${this.url}${path}`, { headers: { connection: 'close' } });
    return { status: response.status, text: await response.text() };
  }

  async metric(name: string, labels = ''): Promise<number> {
    const { text } = await this.get('/metrics');
    const samples = text.split('\n').filter((line) => {
      return line.startsWith(`intacct_trigger_${name}{`) && line.includes(labels);
    });
    return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  }

  async polled(times: number): Promise<void> {
    await this.#until(`${times} polls`, () => this.#polls >= times);
  }

  async polledAgain(times: number): Promise<void> {
    await this.polled(this.#polls + times);
  }

  /** From the log: asking over HTTP every few milliseconds would keep the worker busy. */
  get #polls(): number {
    return this.log('poll.finished').filter(({ outcome }) => outcome === 'done').length;
  }

  async ready(): Promise<WorkerProcess> {
    await this.#until('a worker that is ready', async () => {
      return (await this.get('/readyz').catch(() => undefined))?.status === 200;
    });
    return this;
  }

  #until(what: string, look: () => boolean | Promise<boolean>): Promise<unknown> {
    const withOutput = () => `${what}; the worker wrote:\n${this.#output}`;
    return until(withOutput, () => {
      if (this.#exit !== null) throw new Error(`The worker ended (${JSON.stringify(this.#exit)}):\n${this.#output}`);
      return look();
    });
  }

  async stop(): Promise<Exit> {
    this.#child.kill('SIGTERM');
    let impatience: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const complain = () => reject(new Error(`The worker does not stop; it wrote:\n${this.#output}`));
      impatience = setTimeout(complain, STOPS_WITHIN_MS);
    });
    try {
      return await Promise.race([this.exited, late]);
    } finally {
      clearTimeout(impatience);
    }
  }

  async kill9(): Promise<void> {
    if (this.#exit === null) this.#child.kill('SIGKILL');
    await this.exited;
  }
}
