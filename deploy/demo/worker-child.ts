import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { outlive } from '../setup/redis-server.mjs';

const PROGRAM = fileURLToPath(new URL('../../worker/main.js', import.meta.url));
const READY_WITHIN_MS = 20_000;
const STOPPED_WITHIN_MS = 12_000;

export interface WorkerChild {
  /** Base of its HTTP addresses. */
  readonly url: string;
  /** Rejects when the worker ends without having been asked to. */
  readonly failed: Promise<never>;
  ready(): Promise<void>;
  stop(): Promise<void>;
}

/** A worker that ended by itself, with what it said last. */
class WorkerFailure extends Error {}

/** The worker as in production: its own process, told everything by its environment. What it logs goes to a file. */
export function startWorkerChild(environment: Readonly<Record<string, string>>, logFile: string): WorkerChild {
  const log = openSync(logFile, 'a');
  const child = spawn(process.execPath, ['--enable-source-maps', PROGRAM], {
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    // A group of its own: Ctrl-C is for the demo, which lets the last changes arrive before it stops the worker.
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const release = outlive(child.pid ?? 0, undefined);
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
  let stopping = false;
  const failed = exited.then((how) => {
    release();
    // Never settles for a worker that was asked to stop.
    if (stopping) return new Promise<never>(() => undefined);
    throw new WorkerFailure(`The worker ended by itself (${how}): ${lastWords(logFile)}`);
  });
  // Whoever races it hears of it; until then it must not end the process.
  failed.catch(() => undefined);

  const url = `http://127.0.0.1:${environment['HTTP_PORT']}`;
  return {
    url,
    failed,
    async ready() {
      const deadline = performance.now() + READY_WITHIN_MS;
      const isReady = () =>
        fetch(`${url}/readyz`).then(
          ({ ok }) => ok,
          () => false,
        );
      while (!(await Promise.race([isReady(), failed]))) {
        if (performance.now() > deadline)
          throw new WorkerFailure(`The worker does not become ready: ${lastWords(logFile)}`);
        await sleep(50);
      }
    },
    async stop() {
      stopping = true;
      await end(child, exited);
    },
  };
}

async function end(child: ChildProcess, exited: Promise<string>): Promise<void> {
  child.kill('SIGTERM');
  const impatience = setTimeout(() => child.kill('SIGKILL'), STOPPED_WITHIN_MS);
  await exited;
  clearTimeout(impatience);
}

/** The last complaint in its log, as a sentence. */
function lastWords(logFile: string): string {
  const lines = readFileSync(logFile, 'utf8').trim().split('\n');
  const complaints = lines.map(complaintOf).filter((text) => text !== null);
  return complaints.at(-1) ?? lines.at(-1) ?? 'it wrote no log';
}

function complaintOf(line: string): string | null {
  // Wrong settings are told before there is a logger.
  if (!line.startsWith('{')) return line.trim() === '' ? null : line.trim();
  try {
    const { level, msg, err, trouble } = JSON.parse(line) as {
      level: string;
      msg: string;
      err?: { message: string };
      trouble?: { message: string };
    };
    if (level !== 'error' && level !== 'fatal') return null;
    const reason = err?.message ?? trouble?.message;
    return reason === undefined ? msg : `${msg}: ${reason}`;
  } catch {
    return null;
  }
}
