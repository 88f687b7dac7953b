import { isDue } from './core/due.js';
import { largerPage, smallerPage } from './core/page-size.js';
import type { Margins } from './core/stream.js';
import { IntacctError, type Settled } from './intacct/errors.js';
import type { Page, Query } from './intacct/query.js';
import { type StreamReport, StreamRun } from './stream-run.js';
import type { Lease, Poller, TickTools } from './tick-tools.js';

export interface TickOptions {
  readonly margins: Margins;
  /** After this a tick stops at the next commit and leaves the rest of a catch-up to the next. */
  readonly budgetMs: number;
}

export interface TickReport {
  /** `busy`: another process has the poller. `unfinished`: the budget is spent, and there is more. */
  readonly outcome: 'done' | 'unfinished' | 'busy';
  readonly streams: readonly StreamReport[];
}

/**
 * One tick of a poller: every due stream is read up to now, round by round, one request a round.
 *
 * A stream that fails is reported and does not stop the others. Throws IntacctError when a request failed as a whole, LeaseLostError
 * when the poller was taken over, and the reason of the signal when it fired. Whenever it throws, or the process dies: what is
 * committed is committed, and the next tick goes on from there.
 */
export async function tick(
  poller: Poller,
  tools: TickTools,
  options: TickOptions,
  stop: AbortSignal,
): Promise<TickReport> {
  const lease = await tools.takeLease(poller);
  if (lease === null) return { outcome: 'busy', streams: [] };
  try {
    return await tickUnderLease(poller, lease, tools, options, AbortSignal.any([stop, lease.lost]));
  } finally {
    await lease.release();
  }
}

async function tickUnderLease(
  poller: Poller,
  lease: Lease,
  tools: TickTools,
  { margins, budgetMs }: TickOptions,
  signal: AbortSignal,
): Promise<TickReport> {
  signal.throwIfAborted();
  const troubles = await tools.troubles.load(poller.streams);
  const runs = poller.streams.map((stream, index) => new StreamRun(stream, troubles[index], lease, tools, margins));
  const report = (outcome: TickReport['outcome']) => ({ outcome, streams: runs.map((run) => run.report()) });
  const willing = runs.filter((run) => run.isWilling);
  if (willing.length === 0) return report('done');

  try {
    await tools.withSlot((inSlot) => tools.intacct.signIn(poller.location, inSlot), signal);
  } catch (error) {
    if (!(error instanceof IntacctError) || error.action !== 'blockStream') throw error;
    // The location is refused, and with it every stream of this poller; the connection's other locations go on.
    for (const run of willing) await run.refused(error);
    return report('done');
  }
  const nowMs = tools.intacct.serverNowMs();
  const stretch = await tools.stretch();
  await Promise.all(
    willing.map((run) => run.begin((saved) => isDue(run.stream, saved, nowMs, margins, poller.everyMs, stretch))),
  );

  const startedAtMs = tools.monotonicNowMs();
  await readOn(poller, runs, tools, () => tools.monotonicNowMs() - startedAtMs < budgetMs, signal);
  return report(runs.some((run) => run.isActive) ? 'unfinished' : 'done');
}

/**
 * Round by round, until no stream has more or the time is up. The next pages are asked for as soon as it is known where they begin,
 * and come while the present ones are being committed. Nothing rests on them: commits stay in order, one page after the other, and
 * what was read behind a commit that failed is thrown away.
 */
async function readOn(
  poller: Poller,
  runs: readonly StreamRun[],
  tools: TickTools,
  hasTime: () => boolean,
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const reading = AbortSignal.any([signal, over.signal]);
  const askOn = (): Promise<readonly Answer[]> => {
    const asked = askNext(poller, runs, tools, reading);
    // What went wrong is met when the answers are wanted. After a commit that fails nobody wants them.
    asked.catch(() => undefined);
    return asked;
  };
  // At least one round a tick, however long the sign-in took: a tick that reads nothing would never get anywhere.
  let asked = askOn();
  try {
    while (runs.some((run) => run.isActive)) {
      for (const { run, query, answer } of await asked) {
        signal.throwIfAborted();
        if (answer.ok) await run.takePage(answer.value, query);
        else await run.refused(answer.error, query);
      }
      const goOn = hasTime() && runs.some((run) => run.hasMore);
      if (goOn) asked = askOn();
      for (const run of runs) {
        signal.throwIfAborted();
        await run.commitPage();
      }
      if (!goOn) return;
    }
  } finally {
    over.abort();
    await asked.catch(() => undefined);
  }
}

interface Answer {
  readonly run: StreamRun;
  readonly query: Query;
  readonly answer: Settled<Page>;
}

/** The next query of every stream in one request; each answer is handled by itself. */
async function askNext(
  poller: Poller,
  runs: readonly StreamRun[],
  tools: TickTools,
  signal: AbortSignal,
): Promise<readonly Answer[]> {
  const asking: { run: StreamRun; query: Query }[] = [];
  for (const run of runs) {
    signal.throwIfAborted();
    const query = await run.nextQuery(signal);
    if (query !== null) asking.push({ run, query });
  }
  if (asking.length === 0) return [];
  const answers = await ask(
    poller,
    asking.map(({ query }) => query),
    tools,
    signal,
  );
  // Too much at once: the same queries again, with the smaller pages that were just agreed on.
  if (answers === null) return [];
  return asking.map(({ run, query }, index) => {
    const answer = answers[index];
    if (answer === undefined) throw new TypeError('The gateway gave fewer answers than there were queries');
    return { run, query, answer };
  });
}

/** Null when the answer was too large or too slow and a smaller page may come through. */
async function ask(
  poller: Poller,
  queries: readonly Query[],
  { intacct, pageSize, withSlot }: TickTools,
  signal: AbortSignal,
): Promise<readonly Settled<Page>[] | null> {
  try {
    const answers = await withSlot((inSlot) => intacct.query(poller.location, queries, inSlot), signal);
    pageSize.rows = largerPage(pageSize.rows);
    return answers;
  } catch (error) {
    const smaller = smallerPage(pageSize.rows);
    if (!(error instanceof IntacctError && error.smallerPage) || smaller === pageSize.rows) throw error;
    pageSize.rows = smaller;
    return null;
  }
}
