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
  const startedAtMs = tools.monotonicNowMs();
  signal.throwIfAborted();
  await tools.withSlot(() => tools.intacct.signIn(poller.location, signal), signal);

  const runs = poller.streams.map((stream) => new StreamRun(stream, lease, tools, margins));
  await Promise.all(
    runs.map((run) =>
      run.begin((saved) => isDue(run.stream, saved, tools.intacct.serverNowMs(), margins, poller.everyMs)),
    ),
  );

  for (;;) {
    const active = runs.filter((run) => run.isActive);
    if (active.length === 0) return { outcome: 'done', streams: runs.map((run) => run.report()) };
    if (tools.monotonicNowMs() - startedAtMs >= budgetMs) {
      return { outcome: 'unfinished', streams: runs.map((run) => run.report()) };
    }
    await round(poller, active, tools, signal);
  }
}

/** The next query of every stream in one request; each answer is handled by itself. */
async function round(poller: Poller, runs: readonly StreamRun[], tools: TickTools, signal: AbortSignal): Promise<void> {
  const asking: { run: StreamRun; query: Query }[] = [];
  for (const run of runs) {
    signal.throwIfAborted();
    const query = await run.nextQuery(signal);
    if (query !== null) asking.push({ run, query });
  }
  if (asking.length === 0) return;
  const answers = await ask(
    poller,
    asking.map(({ query }) => query),
    tools,
    signal,
  );
  // Too much at once: the same queries again, with the smaller pages that were just agreed on.
  if (answers === null) return;
  for (const [index, { run, query }] of asking.entries()) {
    signal.throwIfAborted();
    const answer = answers[index];
    if (answer === undefined) throw new TypeError('The gateway gave fewer answers than there were queries');
    if (answer.ok) await run.takePage(answer.value, query);
    else run.refused(answer.error);
  }
}

/** Null when the answer was too large or too slow and a smaller page may come through. */
async function ask(
  poller: Poller,
  queries: readonly Query[],
  { intacct, pageSize, withSlot }: TickTools,
  signal: AbortSignal,
): Promise<readonly Settled<Page>[] | null> {
  try {
    const answers = await withSlot(() => intacct.query(poller.location, queries, signal), signal);
    pageSize.rows = largerPage(pageSize.rows);
    return answers;
  } catch (error) {
    const smaller = smallerPage(pageSize.rows);
    if (!(error instanceof IntacctError && error.smallerPage) || smaller === pageSize.rows) throw error;
    pageSize.rows = smaller;
    return null;
  }
}
