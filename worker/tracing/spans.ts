import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Attributes,
  type Context,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { locationLabel } from '../core/stream.js';
import type { RequestInfo } from '../intacct/client.js';
import type { TickLine } from '../processor.js';
import type { Commit, StreamStore } from '../tick-tools.js';
import { codeOf } from './code-of.js';
import { tickTelemetry } from './tick-telemetry.js';

const FAILED: ReadonlySet<string> = new Set(['failed', 'blocked', 'partial']);

/** What the worker does, as spans of names, counts and codes: no row, no key, no message of an error. */
export function createSpans(tracer: Tracer) {
  const contexts = new AsyncLocalStorage<Context>();
  const active = () => contexts.getStore() ?? ROOT_CONTEXT;
  const propagator = new W3CTraceContextPropagator();

  return {
    telemetry: tickTelemetry(tracer, contexts),

    tick({ connection, location, outcome, failed, trouble, durationMs: _durationMs, ...counts }: TickLine): void {
      const span = trace.getSpan(active());
      span?.setAttributes({
        'intacct.connection': connection,
        'intacct.location': location,
        'intacct.outcome': outcome,
        ...(failed === undefined ? {} : { 'intacct.failed': failed.map(({ object, code }) => `${object} ${code}`) }),
        ...prefixed(counts),
      });
      if (span !== undefined && FAILED.has(outcome)) fail(span, trouble?.code ?? failed?.[0]?.code ?? 'UNKNOWN');
    },

    /** Made when the exchange is over, since that is when it is told. */
    request(connection: string, { outcome, durationMs, functions }: RequestInfo): void {
      const endedAtMs = Date.now();
      const attributes = {
        'intacct.connection': connection,
        'intacct.outcome': outcome,
        'http.request.method': 'POST',
        ...prefixed(functions, 'intacct.functions.'),
      };
      const startTime = endedAtMs - durationMs;
      const span = tracer.startSpan('request', { kind: SpanKind.CLIENT, startTime, attributes }, active());
      if (outcome !== 'ok' && outcome !== 'aborted') fail(span, outcome);
      span.end(endedAtMs);
    },

    commits(store: StreamStore): StreamStore {
      return {
        load: (stream) => store.load(stream),
        ledger: (stream, recordKeys) => store.ledger(stream, recordKeys),
        async commit(lease, commit) {
          const options = { kind: SpanKind.PRODUCER, attributes: attributesOf(commit) };
          const span = tracer.startSpan('commit', options, active());
          try {
            await contexts.run(trace.setSpan(active(), span), () => store.commit(lease, commit));
          } catch (error) {
            fail(span, codeOf(error));
            throw error;
          } finally {
            span.end();
          }
        },
      };
    },

    /** As `bullmq-otel` writes and reads it. */
    jobMetadata(): string | undefined {
      const carrier: Record<string, string> = {};
      propagator.inject(active(), carrier, defaultTextMapSetter);
      return carrier['traceparent'] === undefined ? undefined : JSON.stringify(carrier);
    },
  };
}

function attributesOf({ stream, items }: Commit): Attributes {
  return {
    'intacct.connection': stream.connection,
    'intacct.location': locationLabel(stream.location),
    'intacct.object': stream.object,
    'intacct.records': items.length,
    'intacct.jobs': items.reduce((sum, item) => sum + item.jobs.length, 0),
  };
}

function prefixed(counts: Readonly<Record<string, number>>, prefix = 'intacct.'): Attributes {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [`${prefix}${name}`, count]));
}

function fail(span: Span, code: string): void {
  span.setAttribute('error.type', code);
  span.setStatus({ code: SpanStatusCode.ERROR, message: code });
}
