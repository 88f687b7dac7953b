export interface SamplerOptions {
  /** Reads everything anew. May take long, and may fail. */
  readonly look: () => Promise<void>;
  /** There is no answer in time: what is shown is what was read last. */
  readonly onLate: () => void;
  readonly deadlineMs?: number;
  /** How long a look is good for. */
  readonly freshForMs?: number;
}

const DEADLINE_MS = 2_000;
/** Whoever asks all the time does not make Redis work all the time. */
const FRESH_FOR_MS = 500;

/**
 * Makes a scrape wait for fresh values, but not for long, and never fail: when Redis is slow or away it gets the last ones. Scrapes
 * at the same time share one look, and there is never more than one: a look that is late is waited for by the next scrape.
 */
export function createSampler(options: SamplerOptions): () => Promise<void> {
  const { look, onLate, deadlineMs = DEADLINE_MS, freshForMs = FRESH_FOR_MS } = options;
  let current: Promise<'done'> | null = null;
  let lookedAtMs = Number.NEGATIVE_INFINITY;

  const begin = async (): Promise<'done'> => {
    try {
      await look();
    } catch {
      // What could not be read keeps its last value.
    } finally {
      current = null;
      lookedAtMs = performance.now();
    }
    return 'done';
  };

  return async () => {
    if (current === null && performance.now() - lookedAtMs < freshForMs) return;
    current ??= begin();
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, deadlineMs, 'late');
    });
    const outcome = await Promise.race([current, tooLong]);
    clearTimeout(timer);
    if (outcome === 'late') onLate();
  };
}
