import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { DEFINITIONS, type LabelOf, type NameOf, PREFIX } from './definitions.js';

export type MetricRegistry = ReturnType<typeof createRegistry>;

/** A registry of its own, never prom-client's global one. A metric is made by its name; all else stands in its definition. */
export function createRegistry() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const describe = <N extends keyof typeof DEFINITIONS>(name: N) => {
    const { help, labels } = DEFINITIONS[name];
    return { name: `${PREFIX}${name}`, help, labelNames: [...labels] as LabelOf<N>[], registers: [registry] };
  };
  return {
    contentType: registry.contentType,
    counter: <N extends NameOf<'counter'>>(name: N) => new Counter<LabelOf<N>>(describe(name)),
    gauge: <N extends NameOf<'gauge'>>(name: N) => new Gauge<LabelOf<N>>(describe(name)),
    histogram: <N extends NameOf<'histogram'>>(name: N) =>
      new Histogram<LabelOf<N>>({ ...describe(name), buckets: [...DEFINITIONS[name].buckets] }),
    /** Prometheus text. */
    render: () => registry.metrics(),
  };
}
