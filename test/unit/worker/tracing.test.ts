import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { ExportResultCode } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import { createLogger } from '../../../shared/logger.js';
import type { TickLine } from '../../../worker/processor.js';
import { CommitError } from '../../../worker/state/errors.js';
import type { Commit, Lease, StreamStore } from '../../../worker/tick-tools.js';
import { createSpans } from '../../../worker/tracing/spans.js';
import { watchSending } from '../../../worker/tracing/watched-exporter.js';
import { startTracing } from '../../../worker/tracing.js';
import { aStream, MIDNIGHT_MS, marksAt } from '../../support/streams.js';
import { startTraceCollector } from '../../support/trace-collector.js';

const SECRET = 'Confidential Ltd';
const LINE: TickLine = {
  connection: 'acme',
  location: 'all',
  outcome: 'done',
  durationMs: 12,
  streams: 1,
  rowsRead: 3,
  enqueued: 2,
  duplicates: 1,
  rejected: 0,
  recovered: 0,
  strays: 0,
};
const REQUEST = { outcome: 'ok', durationMs: 5, functions: { query: 2 } };
const LEASE: Lease = { key: '', token: '', lost: new AbortController().signal, release: async () => undefined };
const COMMIT: Commit = {
  stream: aStream(),
  expected: { commitNo: 0, sharedCommitNo: null },
  items: [{ ledgerKey: SECRET, known: null, remember: null, jobs: [aJob('one'), aJob('two')] }],
  state: { commitNo: 1, marks: marksAt(MIDNIGHT_MS), scan: null },
  shared: null,
};

let exporter: InMemorySpanExporter;
let spans: ReturnType<typeof createSpans>;

beforeEach(() => {
  exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  spans = createSpans(provider.getTracer('test'));
});

afterEach(() => {
  for (const { attributes, events, status } of exporter.getFinishedSpans()) {
    expect(JSON.stringify([attributes, events, status])).not.toContain(SECRET);
  }
});

describe('a tick', () => {
  test('begins a trace of its own, also where its job carries a context', async () => {
    await tick(() => spans.tick(LINE));
    const metadata = JSON.stringify({ traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` });
    await tick(() => spans.tick(LINE), metadata);

    const [one, other] = finished('tick');
    expect(one).toMatchObject({ kind: SpanKind.CONSUMER, parentSpanContext: undefined });
    expect(other).toMatchObject({ parentSpanContext: undefined });
    expect(one?.spanContext().traceId).not.toBe(other?.spanContext().traceId);
    expect(one?.attributes).toMatchObject({
      'intacct.connection': 'acme',
      'intacct.location': 'all',
      'intacct.outcome': 'done',
      'intacct.rowsRead': 3,
      'intacct.enqueued': 2,
    });
    expect(one?.status.code).toBe(SpanStatusCode.UNSET);
  });

  test('that fails tells codes, and no message', async () => {
    const trouble = { code: 'TIMEOUT', message: SECRET, advice: SECRET, sage: SECRET };
    const failed = [{ object: 'CUSTOMER', ...trouble, code: 'DL02000001' }];
    await tick((span) => {
      spans.tick({ ...LINE, outcome: 'failed', trouble, failed });
      span.addEvent('job failed', { 'bullmq.job.failed.reason': SECRET });
    });

    expect(finished('tick')).toMatchObject([
      {
        attributes: { 'intacct.outcome': 'failed', 'intacct.failed': ['CUSTOMER DL02000001'], 'error.type': 'TIMEOUT' },
        status: { code: SpanStatusCode.ERROR, message: 'TIMEOUT' },
        events: [],
      },
    ]);
  });

  test('that BullMQ cannot end is an error without its words', async () => {
    await tick((span) => span.recordException(SECRET));
    await tick((span) => span.recordException(Object.assign(new Error(SECRET), { code: 'ECONNRESET' })));
    expect(finished('tick').map(({ status, attributes }) => [status, attributes['error.type']])).toEqual([
      [{ code: SpanStatusCode.ERROR }, 'UNKNOWN'],
      [{ code: SpanStatusCode.ERROR }, 'ECONNRESET'],
    ]);
  });

  test('hands no context to the job of the next tick, and what BullMQ does for itself is no span', async () => {
    const { tracer, contextManager } = spans.telemetry;
    await tick(() => {
      const span = tracer.startSpan('add intacct-polls.poll', { kind: SpanKind.PRODUCER });
      const context = span.setSpanOnContext(contextManager.active());
      expect(context).toBe(contextManager.active());
      expect(contextManager.getMetadata(context)).toBe('');
      span.end();
    });
    expect(exporter.getFinishedSpans()).toHaveLength(1);
  });
});

describe('a request', () => {
  test('belongs to its tick and took as long as it took', async () => {
    await tick(async () => {
      await Promise.resolve();
      spans.request('acme', REQUEST);
    });
    const [request] = finished('request');
    expect(request).toMatchObject({ kind: SpanKind.CLIENT, status: { code: SpanStatusCode.UNSET } });
    expect(request?.parentSpanContext?.spanId).toBe(finished('tick')[0]?.spanContext().spanId);
    expect(request?.attributes).toMatchObject({ 'intacct.outcome': 'ok', 'intacct.functions.query': 2 });
    expect(request?.duration).toEqual([0, 5_000_000]);
  });

  test.each([
    ['TIMEOUT', SpanStatusCode.ERROR],
    ['aborted', SpanStatusCode.UNSET],
  ])('%s has the status %s', (outcome, code) => {
    spans.request('acme', { ...REQUEST, outcome });
    expect(finished('request')).toMatchObject([{ status: { code } }]);
  });
});

describe('a commit', () => {
  test('belongs to its tick, and its jobs carry it', async () => {
    let metadata: string | undefined;
    const store = spans.commits(
      aStore(async () => {
        metadata = spans.jobMetadata();
      }),
    );
    await tick(() => store.commit(LEASE, COMMIT));

    const [commit] = finished('commit');
    const { traceId, spanId } = commit?.spanContext() ?? {};
    expect(commit).toMatchObject({ kind: SpanKind.PRODUCER, attributes: { 'intacct.records': 1, 'intacct.jobs': 2 } });
    expect(commit?.parentSpanContext?.spanId).toBe(finished('tick')[0]?.spanContext().spanId);
    expect(JSON.parse(metadata ?? '')).toEqual({ traceparent: `00-${traceId}-${spanId}-01` });
  });

  test('two at once are kept apart', async () => {
    const seen: (string | undefined)[] = [];
    const store = spans.commits(
      aStore(async () => {
        await Promise.resolve();
        seen.push(spans.jobMetadata());
      }),
    );
    await tick(() => Promise.all([store.commit(LEASE, COMMIT), store.commit(LEASE, COMMIT)]));
    expect(new Set(seen).size).toBe(2);
  });

  test('that fails throws what the store threw and tells its code', async () => {
    const error = new CommitError('QUEUE_DAMAGED', SECRET);
    const store = spans.commits(aStore(() => Promise.reject(error)));
    await expect(store.commit(LEASE, COMMIT)).rejects.toBe(error);
    expect(finished('commit')).toMatchObject([{ status: { code: SpanStatusCode.ERROR, message: 'QUEUE_DAMAGED' } }]);
  });

  test('outside of one there is nothing to carry', () => {
    expect(spans.jobMetadata()).toBeUndefined();
  });
});

test('a collector that fails is told once, and so is that it works again', () => {
  const results = [null, 'ECONNREFUSED', 'ECONNREFUSED', null, null, 503].map((code) =>
    code === null
      ? { code: ExportResultCode.SUCCESS }
      : { code: ExportResultCode.FAILED, error: Object.assign(new Error(SECRET), { code }) },
  );
  const told: string[] = [];
  const failing: SpanExporter = {
    export: (_spans, done) => done(results.shift() ?? { code: ExportResultCode.SUCCESS }),
    shutdown: async () => undefined,
  };
  const watched = watchSending(failing, {
    onFailing: (reason) => told.push(reason),
    onWorkingAgain: () => told.push('works'),
  });
  const done = jest.fn();
  for (const _ of [...results]) watched.export([], done);
  expect(told).toEqual(['ECONNREFUSED', 'works', '503']);
  expect(done).toHaveBeenCalledTimes(6);
});

describe('tracing', () => {
  const logger = createLogger('silent');

  test('is off without a collector', async () => {
    const tracing = await startTracing({ url: null, version: '1', logger });
    const store = aStore(async () => undefined);
    expect(tracing.commits(store)).toBe(store);
    expect([tracing.telemetry, tracing.jobMetadata()]).toEqual([undefined, undefined]);
    await tracing.close();
  });

  test('ends in time although the collector never answers', async () => {
    const collector = await startTraceCollector({ deaf: true });
    const tracing = await startTracing({ url: `${collector.url}/v1/traces`, version: '1', logger });
    tracing.request('acme', REQUEST);
    const startedAtMs = performance.now();
    await tracing.close();
    expect(performance.now() - startedAtMs).toBeLessThan(2_000);
    expect(collector.text()).toContain('"acme"');
    await collector.close();
  });
});

/** Does something within a span of a job, as BullMQ's worker does. */
async function tick(act: (span: BullMqSpan) => unknown, metadata?: string): Promise<void> {
  const { tracer, contextManager } = spans.telemetry;
  const active = contextManager.active();
  const parent = metadata === undefined ? undefined : contextManager.fromMetadata(active, metadata);
  const span = tracer.startSpan('process intacct-polls', { kind: SpanKind.CONSUMER }, parent);
  try {
    await contextManager.with(span.setSpanOnContext(parent ?? active), () => act(span));
  } finally {
    span.end();
  }
}

type BullMqSpan = ReturnType<typeof spans.telemetry.tracer.startSpan>;

function finished(name: string): ReadableSpan[] {
  return exporter.getFinishedSpans().filter((span) => span.name === name);
}

function aStore(commit: StreamStore['commit']): StreamStore {
  return { load: async () => ({ state: null, shared: null }), ledger: async () => new Map(), commit };
}

function aJob(id: string) {
  return { queue: 'q', name: 'n', id, data: SECRET };
}
