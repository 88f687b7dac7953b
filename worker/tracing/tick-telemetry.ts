import type { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { Telemetry } from 'bullmq';
import { codeOf } from './code-of.js';

type BullMqSpan = ReturnType<Telemetry<Context>['tracer']['startSpan']>;

/**
 * BullMQ's telemetry for the worker of the polls. Three things that `bullmq-otel` does are wrong here:
 *
 * - BullMQ adds the next tick's job within this tick's span and hands the context on: with it, all ticks ever would be one trace.
 *   Here each tick begins one, and its job carries nothing.
 * - Adding the next job, ending this one, renewing locks and looking for stalled jobs are spans too, most of them of a worker that
 *   has nothing to do. Here they are none.
 * - Messages of errors are recorded. Here they are not; the tick says how it ended itself, in codes.
 */
export function tickTelemetry(tracer: Tracer, contexts: AsyncLocalStorage<Context>): Telemetry<Context> {
  return {
    tracer: {
      startSpan(_name, options) {
        if (Number(options?.kind) !== SpanKind.CONSUMER) return NO_SPAN;
        return spanOfTick(tracer.startSpan('tick', { kind: SpanKind.CONSUMER }, ROOT_CONTEXT));
      },
    },
    contextManager: {
      with: (context, run) => contexts.run(context, run),
      active: () => contexts.getStore() ?? ROOT_CONTEXT,
      root: () => ROOT_CONTEXT,
      // Blank counts as none.
      getMetadata: () => '',
      fromMetadata: () => ROOT_CONTEXT,
    },
  };
}

function spanOfTick(span: Span): BullMqSpan {
  return {
    setSpanOnContext: (context) => trace.setSpan(context, span),
    setAttribute: (name, value) => void span.setAttribute(name, value),
    setAttributes: (attributes) => void span.setAttributes(attributes),
    // The result, or why it failed: told by the tick.
    addEvent: () => undefined,
    recordException(error) {
      span.setAttribute('error.type', codeOf(error));
      span.setStatus({ code: SpanStatusCode.ERROR });
    },
    end: () => span.end(),
  };
}

const NO_SPAN: BullMqSpan = {
  setSpanOnContext: (context) => context,
  setAttribute: () => undefined,
  setAttributes: () => undefined,
  addEvent: () => undefined,
  recordException: () => undefined,
  end: () => undefined,
};
