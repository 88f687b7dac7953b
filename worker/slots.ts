/** A connection's share of requests in flight. Intacct allows a company one or two at a time and fails what waits too long. */
export interface Slots {
  /** First come, first served. Throws the signal's reason if it fires before the request has begun. */
  run<T>(request: () => Promise<T>, signal: AbortSignal): Promise<T>;
}

export function createSlots(limit: number): Slots {
  let free = limit;
  const waiting: (() => void)[] = [];

  const take = async (signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    if (free > 0) {
      free -= 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        waiting.splice(waiting.indexOf(enter), 1);
        reject(signal.reason as Error);
      };
      waiting.push(enter);
      signal.addEventListener('abort', leave, { once: true });
    });
  };

  return {
    async run(request, signal) {
      await take(signal);
      try {
        return await request();
      } finally {
        // The slot goes to the next in line without becoming free in between.
        const next = waiting.shift();
        if (next === undefined) free += 1;
        else next();
      }
    },
  };
}
