import { DelayedError, type Job, UnrecoverableError } from 'bullmq';
import type { Logger } from '../shared/logger.js';
import { locationLabel } from './core/stream.js';
import { IntacctError } from './intacct/errors.js';
import type { Metrics, PollOutcome } from './metrics.js';
import { type TickOptions, type TickReport, tick } from './poll.js';
import type { PollJob } from './schedules.js';
import { schedulerId } from './schedules.js';
import { ConnectionBlockedError, ConnectionPausedError } from './state/gate-errors.js';
import type { StreamReport } from './stream-run.js';
import type { Poller, TickTools } from './tick-tools.js';

export interface ProcessorOptions {
  readonly pollers: readonly Poller[];
  toolsOf(poller: Poller): TickTools;
  readonly tick: TickOptions;
  readonly metrics: Metrics;
  readonly tracing: { tick(line: TickLine): void };
  readonly logger: Logger;
  readonly now: () => number;
  readonly monotonicNowMs: () => number;
  /** This process's configuration is the one in force. */
  leads(): boolean;
  /** There are other replicas. */
  hasOthers(): boolean;
  /** After a sweep: the ledger may forget. */
  forget(report: StreamReport): Promise<number>;
}

const NOT_OURS_DELAY_MS = 1_000;
/** How often one tick is offered to the others. */
const HAND_BACKS = 3;
const HAND_BACK_DELAY_MS = 200;

/**
 * A poll job: one tick, then what BullMQ is to do next. Errors that leave here are stored in Redis in clear text, so they are made
 * anew, from a code and a sentence.
 */
export function createProcessor(options: ProcessorOptions) {
  const { logger, metrics, monotonicNowMs } = options;
  const pollers = new Map(options.pollers.map((poller) => [schedulerId(poller), poller]));
  const blocked = new Set<Poller>();

  return async (job: Job<PollJob>, token: string | undefined, stop: AbortSignal): Promise<PollOutcome> => {
    const poller = pollers.get(schedulerId(job.data));
    if (poller === undefined) {
      // Of another configuration: left to a replica that has it, for as long as there may be one.
      if (options.leads()) throw new UnrecoverableError('This poller is no longer configured');
      await job.moveToDelayed(options.now() + NOT_OURS_DELAY_MS, token);
      throw new DelayedError();
    }

    const startedAtMs = monotonicNowMs();
    let outcome: PollOutcome = 'failed';
    let report: TickReport | null = null;
    let trouble: unknown = null;
    try {
      report = await tick(poller, options.toolsOf(poller), options.tick, stop);
      outcome = report.outcome;
    } catch (error) {
      trouble = error;
      if (stop.aborted) outcome = 'stopped';
      else if (error instanceof ConnectionPausedError) outcome = 'paused';
      else if (error instanceof ConnectionBlockedError) outcome = 'blocked';
    }
    const durationMs = monotonicNowMs() - startedAtMs;
    if (outcome === 'done' && report?.streams.some((stream) => stream.outcome === 'failed')) outcome = 'partial';
    metrics.poll(poller, outcome, durationMs);
    for (const stream of report?.streams ?? []) metrics.stream(stream, options.now());
    // A blocked connection is told once, not with each tick that sends nothing.
    const isOld = outcome === 'blocked' && blocked.has(poller);
    if (outcome === 'blocked') blocked.add(poller);
    else blocked.delete(poller);
    const line = describeTick(poller, outcome, durationMs, report, trouble);
    options.tracing.tick(line);
    if (!isOld) logTick(logger, line);

    for (const stream of report?.streams ?? []) {
      if (stream.swept) await forget(options, stream);
    }
    if (outcome === 'unfinished' || outcome === 'stopped') {
      // The rest goes on at once, here or in another process, but behind the ticks that are waiting.
      await job.moveToDelayed(options.now(), token);
      throw new DelayedError();
    }
    // Another replica may have newer credentials. One that is blocked is back at the queue in no time and would take every tick.
    if (outcome === 'blocked' && options.hasOthers() && job.attemptsStarted <= HAND_BACKS) {
      await job.moveToDelayed(options.now() + HAND_BACK_DELAY_MS, token);
      throw new DelayedError();
    }
    if (outcome === 'failed') throw whatNext(trouble);
    return outcome;
  };
}

/** Housekeeping: what is not forgotten today is forgotten after the next sweep. */
async function forget({ forget: forgetOld, logger }: ProcessorOptions, report: StreamReport): Promise<void> {
  const { connection, object } = report.stream;
  try {
    logger.debug({ connection, object, forgotten: await forgetOld(report) }, 'ledger.forgotten');
  } catch (error) {
    logger.warn({ connection, object, err: error }, 'ledger.not_forgotten');
  }
}

/** Only trouble that passes is worth another attempt before the next tick. */
function whatNext(error: unknown): Error {
  const { code, message } = describe(error);
  const passing = !(error instanceof TypeError) && (!(error instanceof IntacctError) || error.action === 'retry');
  return passing ? new Error(`${code}: ${message}`) : new UnrecoverableError(`${code}: ${message}`);
}

interface Trouble {
  readonly code: string;
  readonly message: string;
  readonly advice?: string;
  readonly sage?: string;
  readonly supportId?: string;
}

function describe(error: unknown): Trouble {
  if (error instanceof IntacctError) {
    const { code, message, advice, sageText, supportId } = error;
    return { code, message, advice, sage: sageText, ...(supportId === undefined ? {} : { supportId }) };
  }
  if (error instanceof ConnectionBlockedError) {
    return { code: error.reason, message: error.message, advice: error.advice, sage: error.sageText };
  }
  if (!(error instanceof Error)) return { code: 'UNKNOWN', message: 'Something was thrown that is not an error' };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return { code, message: error.message.slice(0, 300) };
}

/** What is told of a tick. Counts and codes, never a row. */
export interface TickLine {
  readonly connection: string;
  readonly location: string;
  readonly outcome: PollOutcome;
  readonly durationMs: number;
  readonly streams: number;
  readonly rowsRead: number;
  readonly enqueued: number;
  readonly duplicates: number;
  readonly rejected: number;
  readonly recovered: number;
  readonly strays: number;
  readonly failed?: readonly (Trouble & { readonly object: string })[];
  readonly trouble?: Trouble;
}

function describeTick(
  poller: Poller,
  outcome: PollOutcome,
  durationMs: number,
  report: TickReport | null,
  trouble: unknown,
): TickLine {
  const streams = (report?.streams ?? []).filter((stream) => stream.outcome !== 'waiting');
  const failed = streams.filter((stream) => stream.error !== null);
  const sum = (field: 'rowsRead' | 'enqueued' | 'duplicates' | 'rejected' | 'recovered' | 'strays') =>
    streams.reduce((total, stream) => total + stream[field], 0);
  return {
    connection: poller.connection,
    location: locationLabel(poller.location),
    outcome,
    durationMs: Math.round(durationMs),
    streams: streams.length,
    rowsRead: sum('rowsRead'),
    enqueued: sum('enqueued'),
    duplicates: sum('duplicates'),
    rejected: sum('rejected'),
    recovered: sum('recovered'),
    strays: sum('strays'),
    ...(failed.length === 0
      ? {}
      : { failed: failed.map((stream) => ({ object: stream.stream.object, ...describe(stream.error) })) }),
    ...(trouble === null || outcome === 'stopped' ? {} : { trouble: describe(trouble) }),
  };
}

/** One wide line per tick. */
function logTick(logger: Logger, line: TickLine): void {
  const { outcome, failed } = line;
  const isTrouble = outcome === 'failed' || outcome === 'blocked' || failed !== undefined;
  const isOdd = outcome === 'paused' || line.strays > 0 || line.rejected > 0;
  const level = isTrouble ? 'error' : isOdd ? 'warn' : 'info';
  logger[level](line, 'poll.finished');
}
