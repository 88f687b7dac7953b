import { type Activity, createActivity } from './metrics/activity.js';
import { createRegistry } from './metrics/registry.js';
import { createStateGauges, type StateGauges } from './metrics/state.js';
import type { Poller } from './tick-tools.js';

export type { PollOutcome } from './metrics/activity.js';

export interface Metrics extends Activity {
  readonly state: StateGauges;
  /** What to do before the values are rendered. */
  onScrape(refresh: () => Promise<void>): void;
  /** Prometheus text. */
  render(): Promise<string>;
  readonly contentType: string;
}

export interface MetricsOptions {
  readonly pollers: readonly Poller[];
  readonly version: string;
}

/** One registry, made here and passed on: what happens in this process, and the state it shares with the others. */
export function createMetrics({ pollers, version }: MetricsOptions): Metrics {
  const registry = createRegistry();
  let refresh: () => Promise<void> = () => Promise.resolve();
  return {
    ...createActivity(registry, pollers),
    state: createStateGauges(registry, pollers, version),
    onScrape(next) {
      refresh = next;
    },
    async render() {
      await refresh();
      return registry.render();
    },
    contentType: registry.contentType,
  };
}
