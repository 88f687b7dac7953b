import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { outlive } from '../../deploy/setup/redis-server.mjs';
import type { Counters } from '../simulator/stats.js';
import { type CompanyAddress, type CompanySetting, programAt } from './setting.js';

/** A simulated company, seen from outside its process. */
export interface CompanyProcess extends CompanyAddress {
  /** When the first query arrived, epoch milliseconds. */
  readonly firstQuery: Promise<number>;
  counters(): Promise<Counters>;
  stop(): void;
}

const ANSWERS_WITHIN_MS = 60_000;

export async function startCompany(setting: CompanySetting): Promise<CompanyProcess> {
  const child = startProgram('company-process.js', setting);
  const firstQuery = answer<number>(child, 'firstQueryAtMs');
  // Nobody may come to wait for it.
  firstQuery.catch(() => undefined);
  const address = await answer<CompanyAddress>(child, 'address');
  return {
    ...address,
    firstQuery,
    counters() {
      const counters = answer<Counters>(child, 'counters');
      child.send('counters');
      return counters;
    },
    stop: () => child.kill('SIGKILL'),
  };
}

/** A program of this folder in a process of its own, which ends with this one. */
export function startProgram(name: string, setting: object): ChildProcess {
  const child = fork(programAt(name), [JSON.stringify(setting)], {
    // Nothing of this process' own options and environment: it is not what is measured.
    execArgv: [],
    env: { PATH: process.env['PATH'] ?? '' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const release = outlive(child.pid ?? 0, undefined);
  child.once('exit', release);
  return child;
}

/** The next message with this field. */
function answer<T>(child: ChildProcess, field: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => settle(() => reject(new Error(`Nobody told a ${field}`))), ANSWERS_WITHIN_MS);
    const settle = (how: () => void): void => {
      clearTimeout(timer);
      child.off('message', take);
      child.off('exit', ended);
      how();
    };
    const take = (message: unknown): void => {
      const value = (message as Record<string, T>)[field];
      if (value !== undefined) settle(() => resolve(value));
    };
    const ended = (): void => settle(() => reject(new Error(`A process ended before it told its ${field}`)));
    child.on('message', take);
    child.once('exit', ended);
  });
}

/** Ticks of the kernel's accounting; a hundred a second wherever Node runs on Linux. */
const TICKS_PER_SECOND = 100;

/** Processor time of a process so far, seconds; NaN where there is no /proc. */
export function cpuSeconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return Number.NaN;
  }
}
