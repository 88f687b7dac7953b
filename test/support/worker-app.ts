import { createLogger } from '../../shared/logger.js';
import { type App, startApp } from '../../worker/app.js';
import { loadSettings } from '../../worker/config/load-settings.js';
import { until } from './until.js';
import type { Environment, LogLine } from './worker-process.js';

/** What `/status` tells of a stream. */
export interface StreamStatus {
  readonly id: string;
  readonly location: string;
  readonly object: string;
  readonly state: string;
  readonly watermark?: string | null;
  readonly catchingUp?: boolean;
  readonly trouble?: string;
  readonly blocked?: { readonly code: string; readonly sageText: string; readonly advice: string };
}

export interface WorkerStatus {
  readonly connections: readonly {
    readonly name: string;
    readonly state: string;
    readonly blocked?: { readonly code: string; readonly sageText: string; readonly advice: string };
    readonly transactions: { readonly used: number; readonly budget: number | null; readonly stretch: number };
  }[];
  readonly streams: readonly StreamStatus[];
}

/** The worker within the process of the test: for what does not need a process of its own. */
export class WorkerApp {
  readonly #app: App;
  readonly #lines: readonly LogLine[];

  private constructor(app: App, lines: readonly LogLine[]) {
    this.#app = app;
    this.#lines = lines;
  }

  static async start(environment: Environment): Promise<WorkerApp> {
    const lines: LogLine[] = [];
    const write = (line: string) => void lines.push(JSON.parse(line) as LogLine);
    const readFile = (path: string) => {
      const content = environment[`file ${path}`];
      if (content === undefined) throw new Error(`There is no file ${path}`);
      return content;
    };
    const { settings } = loadSettings({ env: environment, readFile });
    return new WorkerApp(await startApp(settings, createLogger(settings.logLevel, { write })), lines);
  }

  log(message?: string): readonly LogLine[] {
    return message === undefined ? this.#lines : this.#lines.filter(({ msg }) => msg === message);
  }

  async get(path: string): Promise<{ readonly status: number; readonly text: string }> {
    return answerOf(await fetch(`${this.#app.httpUrl}${path}`, { headers: { connection: 'close' } }));
  }

  /** Without a token: no Authorization header. */
  async post(path: string, token?: string): Promise<{ readonly status: number; readonly text: string }> {
    const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const headers = { connection: 'close', ...authorization };
    return answerOf(await fetch(`${this.#app.httpUrl}${path}`, { method: 'POST', headers }));
  }

  async status(): Promise<WorkerStatus> {
    return JSON.parse((await this.get('/status')).text) as WorkerStatus;
  }

  async stream(object: string): Promise<StreamStatus> {
    const stream = (await this.status()).streams.find((one) => one.object === object);
    if (stream === undefined) throw new Error(`/status knows no stream of ${object}`);
    return stream;
  }

  /** Waits until it has begun and ended so many polls more, however they ended; only those with one of the outcomes, if any is named. */
  async polledAgain(times: number, ...outcomes: readonly string[]): Promise<void> {
    const polls = () => {
      const all = this.log('poll.finished');
      return all.filter(({ outcome }) => outcomes.length === 0 || outcomes.includes(String(outcome))).length;
    };
    // One may be under way.
    const enough = polls() + times + 1;
    await this.until(`${times} polls`, () => polls() >= enough);
  }

  async ready(): Promise<this> {
    await this.until('a worker that is ready', async () => (await this.get('/readyz')).status === 200);
    return this;
  }

  /** As the function of this name; fails with what the worker has logged. */
  until<T>(what: string, look: () => T | false | undefined | Promise<T | false | undefined>): Promise<T> {
    const last = () => this.#lines.slice(-30).map((line) => JSON.stringify(line));
    return until(() => `${what}; the worker logged:\n${last().join('\n')}`, look);
  }

  stop(): Promise<void> {
    return this.#app.stop();
  }
}

async function answerOf(response: Response): Promise<{ readonly status: number; readonly text: string }> {
  return { status: response.status, text: await response.text() };
}
