import { ExportResultCode } from '@opentelemetry/core';
import type { SpanExporter } from '@opentelemetry/sdk-trace-base';

export interface SendingWatch {
  /** Told once, until it works again. Without what was sent. */
  onFailing(reason: string): void;
  onWorkingAgain(): void;
}

/** An exporter that tells when spans begin to be lost. The SDK itself says so only to a logger of its own, each time. */
export function watchSending(exporter: SpanExporter, watch: SendingWatch): SpanExporter {
  let failing = false;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const failed = result.code !== ExportResultCode.SUCCESS;
        if (failed && !failing) watch.onFailing(reasonOf(result.error));
        if (!failed && failing) watch.onWorkingAgain();
        failing = failed;
        done(result);
      });
    },
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
    shutdown: () => exporter.shutdown(),
  };
}

/** The code of the network or the status of the answer; else the SDK's words, which speak of sending alone. */
function reasonOf(error: (Error & { readonly code?: unknown }) | undefined): string {
  return String(error?.code ?? error?.message ?? 'unknown').slice(0, 100);
}
