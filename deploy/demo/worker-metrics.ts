/** The few numbers of the worker's metrics that the demo shows. */
export interface WorkerNumbers {
  readonly duplicates: number;
  readonly requests: number;
  readonly transactions: number;
  readonly failedPolls: number;
  /** How old the oldest watermark is; null before there is one. */
  readonly lagSeconds: number | null;
}

/** Null while the worker does not answer. */
export async function readNumbers(workerUrl: string): Promise<WorkerNumbers | null> {
  try {
    const response = await fetch(`${workerUrl}/metrics`, { signal: AbortSignal.timeout(2_000) });
    return numbersIn(await response.text());
  } catch {
    return null;
  }
}

function numbersIn(text: string): WorkerNumbers {
  const samples = text.split('\n').flatMap((line) => {
    const parts = /^intacct_trigger_(\w+)(\{.*\})? ([-+.\de]+)$/.exec(line);
    return parts === null ? [] : [{ name: parts[1], labels: parts[2] ?? '', value: Number(parts[3]) }];
  });
  const valuesOf = (name: string, label = '') =>
    samples.filter((sample) => sample.name === name && sample.labels.includes(label)).map(({ value }) => value);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const lags = valuesOf('watermark_lag_seconds');
  return {
    duplicates: sum(valuesOf('duplicates_suppressed_total')),
    requests: sum(valuesOf('api_requests_total')),
    transactions: sum(valuesOf('api_transactions_total')),
    failedPolls: sum(valuesOf('polls_total', 'outcome="failed"')),
    lagSeconds: lags.length === 0 ? null : Math.max(...lags),
  };
}
