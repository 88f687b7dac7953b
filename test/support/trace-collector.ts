import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span as it arrived. */
export interface SentSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Null: it begins a trace. */
  readonly parentSpanId: string | null;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface TraceCollector {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string;
  readonly spans: readonly SentSpan[];
  /** Everything that was sent, as text. */
  text(): string;
  close(): Promise<void>;
}

interface OtlpValue {
  readonly stringValue?: string;
  readonly intValue?: number | string;
  readonly boolValue?: boolean;
  readonly arrayValue?: { readonly values: readonly OtlpValue[] };
}

interface OtlpTraces {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly name: string;
        readonly traceId: string;
        readonly spanId: string;
        readonly parentSpanId?: string;
        readonly attributes?: readonly { readonly key: string; readonly value: OtlpValue }[];
      }[];
    }[];
  }[];
}

/** Receives OTLP over HTTP in JSON. A deaf one takes what it is sent and never answers. */
export async function startTraceCollector({ deaf = false } = {}): Promise<TraceCollector> {
  const spans: SentSpan[] = [];
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      bodies.push(body);
      if (deaf) return;
      if (request.method === 'POST' && request.url === '/v1/traces') spans.push(...spansIn(JSON.parse(body)));
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    text: () => bodies.join('\n'),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function spansIn({ resourceSpans }: OtlpTraces): readonly SentSpan[] {
  const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
  return spans.map(({ name, traceId, spanId, parentSpanId, attributes = [] }) => ({
    name,
    traceId,
    spanId,
    parentSpanId: parentSpanId || null,
    attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value)])),
  }));
}

function plain({ stringValue, intValue, boolValue, arrayValue }: OtlpValue): unknown {
  if (intValue !== undefined) return Number(intValue);
  return stringValue ?? boolValue ?? arrayValue?.values.map(plain);
}
