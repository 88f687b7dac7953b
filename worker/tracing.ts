import type { Telemetry } from 'bullmq';
import type { Logger } from '../shared/logger.js';
import type { RequestInfo } from './intacct/client.js';
import type { TickLine } from './processor.js';
import type { StreamStore } from './tick-tools.js';

/** Told as things happen; none of it throws or waits, except `close`. */
export interface Tracing {
  /** For BullMQ's worker of the polls: the span of a job is the span of a tick. Undefined: there are no spans. */
  readonly telemetry: Telemetry | undefined;
  /** How the tick that is running ended. */
  tick(line: TickLine): void;
  /** An exchange with Intacct that has just ended. */
  request(connection: string, info: RequestInfo): void;
  /** The same store; each of its commits is a span. */
  commits(store: StreamStore): StreamStore;
  /** What the jobs of the commit that is running carry to their consumers, so that its span becomes the parent of theirs. */
  jobMetadata(): string | undefined;
  /** Sends what has not been sent yet, as far as that takes no longer than a moment. */
  close(): Promise<void>;
}

export interface TracingOptions {
  /** Where spans are sent, OTLP over HTTP; null = there are none. */
  readonly url: string | null;
  readonly version: string;
  readonly logger: Logger;
}

const OFF: Tracing = {
  telemetry: undefined,
  tick: () => undefined,
  request: () => undefined,
  commits: (store) => store,
  jobMetadata: () => undefined,
  close: () => Promise.resolve(),
};

/** Off unless there is somewhere to send spans; then nothing of OpenTelemetry is loaded. What goes wrong with it stops no worker. */
export async function startTracing({ url, version, logger }: TracingOptions): Promise<Tracing> {
  if (url === null) return OFF;
  try {
    const { startOpenTelemetry } = await import('./tracing/open-telemetry.js');
    return startOpenTelemetry({
      url,
      version,
      onFailing: (reason) => logger.warn({ url, reason }, 'tracing.not_sent'),
      onWorkingAgain: () => logger.info({ url }, 'tracing.sent_again'),
    });
  } catch (error) {
    logger.warn({ err: error }, 'tracing.not_started');
    return OFF;
  }
}
