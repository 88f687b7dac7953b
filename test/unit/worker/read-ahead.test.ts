import { describe, expect, test } from '@jest/globals';
import type { Settled } from '../../../worker/intacct/errors.js';
import type { Page, Query } from '../../../worker/intacct/query.js';
import { type TickReport, tick } from '../../../worker/poll.js';
import { CommitError, LeaseLostError } from '../../../worker/state/errors.js';
import type { Commit, Lease, TickTools } from '../../../worker/tick-tools.js';
import { aStream, MARGINS, MIDNIGHT_MS } from '../../support/streams.js';

const PAGE_SIZE = 4;
const stream = aStream();
const poller = { connection: 'acme', location: null, streams: [stream], everyMs: 60_000 };

describe('while a page is being committed', () => {
  test('the next one is read, and commits stay in the order of the pages', async () => {
    const stage = aStage({ rows: 14 });
    const report = await stage.run();

    expect(report.streams[0]).toMatchObject({ outcome: 'done', enqueued: 14, duplicates: 0 });
    expect(stage.enqueued()).toEqual(Array.from({ length: 14 }, (_, index) => String(index + 1)));
    // The probe was full: what follows it is asked for before its bookmark is saved, and so on to the last page.
    expect(stage.told.slice(0, 6)).toEqual(['ask', 'ask', 'commit', 'ask', 'commit', 'ask']);
    expect(stage.told.slice(-2)).toEqual(['commit', 'release']);
    expect(stage.mostAtOnce()).toBe(1);
  });

  test('nothing is read ahead when the time of the tick is up', async () => {
    const stage = aStage({ rows: 14, budgetMs: 0 });
    const report = await stage.run();

    expect(report.outcome).toBe('unfinished');
    expect(stage.told).toEqual(['ask', 'commit', 'release']);
  });
});

describe('what was read behind a commit that fails', () => {
  test('is thrown away, and its request is given up', async () => {
    const stage = aStage({ rows: 14, failAt: 3, error: new CommitError('COMMIT_UNKNOWN', 'lost'), slowFrom: 4 });
    const report = await stage.run();

    expect(report.streams[0]).toMatchObject({ outcome: 'failed', error: { code: 'COMMIT_UNKNOWN' } });
    expect(stage.commits).toHaveLength(2);
    expect(stage.givenUp()).toBe(1);
  });

  test('is thrown away when another process has the poller', async () => {
    const stage = aStage({ rows: 14, failAt: 2, error: new LeaseLostError(), slowFrom: 3 });

    await expect(stage.run()).rejects.toThrow(LeaseLostError);
    expect(stage.commits).toHaveLength(1);
    expect(stage.givenUp()).toBe(1);
    expect(stage.told.at(-1)).toBe('release');
  });
});

test('a request that fails does so after the commit of the page before it', async () => {
  const stage = aStage({ rows: 14, refuseAt: 3 });

  await expect(stage.run()).rejects.toThrow('the third request');
  expect(stage.commits).toHaveLength(2);
  expect(stage.told.at(-1)).toBe('release');
});

interface Script {
  readonly rows: number;
  readonly budgetMs?: number;
  /** Which commit fails, from 1, and of what. */
  readonly failAt?: number;
  readonly error?: Error;
  /** From this request on there is no answer. */
  readonly slowFrom?: number;
  /** Which request fails as a whole. */
  readonly refuseAt?: number;
}

/** A company with one record a second, a store that keeps what it is given, and a diary of both. */
function aStage(script: Script) {
  const told: string[] = [];
  const commits: Commit[] = [];
  let [asked, tried, inFlight, most, givenUp] = [0, 0, 0, 0, 0];
  const lease: Lease = {
    key: 'lease',
    token: 'token',
    lost: new AbortController().signal,
    release: async () => void told.push('release'),
  };
  const query = async (_location: unknown, queries: readonly Query[], signal: AbortSignal) => {
    told.push('ask');
    asked += 1;
    inFlight += 1;
    most = Math.max(most, inFlight);
    try {
      if (asked === script.refuseAt) throw new Error('the third request');
      if (asked >= (script.slowFrom ?? Number.POSITIVE_INFINITY)) await untilAborted(signal);
      return queries.map((one): Settled<Page> => ({ ok: true, value: pageOf(one, script.rows) }));
    } catch (error) {
      if (signal.aborted) givenUp += 1;
      throw error;
    } finally {
      inFlight -= 1;
    }
  };
  const tools: TickTools = {
    takeLease: async () => lease,
    store: {
      load: async () => ({ state: null, shared: null }),
      ledger: async () => new Map(),
      async commit(_lease, commit) {
        tried += 1;
        // As long as it takes for everything else to begin.
        await new Promise((resolve) => setTimeout(resolve, 5));
        if (tried === script.failAt) throw script.error;
        told.push('commit');
        commits.push(commit);
      },
    },
    intacct: {
      signIn: async () => undefined,
      query,
      serverNowMs: () => MIDNIGHT_MS,
      parseInstant: (text) => (text === null ? null : Number(text)),
    },
    fields: { select: async () => ['RECORDNO', 'WHENMODIFIED', 'WHENCREATED'], drop: () => false },
    pageSize: { rows: PAGE_SIZE },
    withSlot: (request, signal) => request(signal),
    troubles: {
      load: async () => [{ paused: false, blocked: null }],
      recordRefusal: async () => undefined,
      strike: async () => undefined,
      cleared: async () => undefined,
    },
    backpressure: async () => null,
    stretch: async () => 1,
    monotonicNowMs: () => 0,
    observer: {
      rowsRead: () => undefined,
      eventEnqueued: () => undefined,
      duplicatesSuppressed: () => undefined,
      rowRejected: () => undefined,
      recovered: () => undefined,
    } as TickTools['observer'],
  };
  const options = { margins: MARGINS, budgetMs: script.budgetMs ?? 1_000 };
  return {
    told,
    commits,
    enqueued: () => commits.flatMap(({ items }) => items.map(({ ledgerKey }) => ledgerKey)),
    mostAtOnce: () => most,
    givenUp: () => givenUp,
    run: (): Promise<TickReport> => {
      // The page size grows back after each answer: here it is to stay.
      Object.defineProperty(tools.pageSize, 'rows', { get: () => PAGE_SIZE, set: () => undefined });
      return tick(poller, tools, options, new AbortController().signal);
    },
  };
}

function pageOf({ filter, pageSize }: Query, rows: number): Page {
  const bounds = JSON.stringify(filter).matchAll(/"is":">=","value":\{"atMs":(\d+)\}/g);
  const fromMs = Math.max(0, ...[...bounds].map((match) => Number(match[1])));
  const all = Array.from({ length: rows }, (_, index) => ({
    RECORDNO: String(index + 1),
    WHENMODIFIED: String(MIDNIGHT_MS - 1_000_000 + index * 1_000),
    WHENCREATED: null,
  }));
  const found = JSON.stringify(filter).includes('isNull') && !JSON.stringify(filter).includes('"or"') ? [] : all;
  const wanted = found.filter((row) => Number(row.WHENMODIFIED) >= fromMs);
  return { rows: wanted.slice(0, pageSize), remaining: Math.max(0, wanted.length - pageSize) };
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason));
  });
}
