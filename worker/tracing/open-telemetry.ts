import { randomUUID } from 'node:crypto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { createSpans } from './spans.js';
import { type SendingWatch, watchSending } from './watched-exporter.js';

export interface OpenTelemetryOptions extends SendingWatch {
  readonly url: string;
  readonly version: string;
}

const NAME = 'sage-intacct-trigger-worker';
/** Within what a worker has to stop: a collector that does not answer costs the last spans, not the time of those who wait. */
const FLUSH_WITHIN_MS = 1_500;

/**
 * Spans, and a collector that they are sent to in the background. Nothing of it is global: a program that embeds the worker keeps
 * its own OpenTelemetry. How often and with which headers spans are sent, and which are, the SDK reads from its standard variables
 * (OTEL_EXPORTER_OTLP_HEADERS, OTEL_BSP_*, OTEL_TRACES_SAMPLER, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES), here and now.
 */
export function startOpenTelemetry({ url, version, ...watch }: OpenTelemetryOptions) {
  const exporter = watchSending(new OTLPTraceExporter({ url }), watch);
  const provider = new BasicTracerProvider({
    resource: defaultResource()
      .merge(
        resourceFromAttributes({
          'service.name': NAME,
          'service.version': version,
          'service.instance.id': randomUUID(),
        }),
      )
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  return {
    ...createSpans(provider.getTracer(NAME, version)),
    close: () => atMost(FLUSH_WITHIN_MS, provider.shutdown()),
  };
}

/** Resolves when the work is over, however it ended, or when it takes too long. */
async function atMost(limitMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([work.catch(() => undefined), late]);
  clearTimeout(timer);
}
