import type { Redis } from '../../shared/redis.js';
import { Keys } from '../../worker/state/keys.js';
import { type Author, OBJECTS } from './author.js';
import type { Collector } from './collector.js';
import { AUDIENCES } from './marks-watch.js';

/** Poll jobs that are kept for a look back (100 that went well, 1,000 that failed), and some that wait. */
const MOST_POLL_KEYS = 1_200;
/** Keys of the worker beside those: a handful for each stream, poller and connection. */
const MOST_OTHER_KEYS = 150;
/** SWEEP_BACK, and the time between two sweeps, with some to spare. */
const LEDGER_REACHES_BACK_MS = 60_000;

/** When all replicas have stopped in good order: nothing is held, nothing is left over, nothing has grown without bound. */
export async function checkCalm(
  redis: Redis,
  prefix: string,
  collector: Collector,
  author: Author,
): Promise<{ readonly keys: number; readonly problems: readonly string[] }> {
  const problems: string[] = [];
  const all = await redis.keys(`${prefix}:*`);
  const own = all.filter((key) => key.startsWith(`${prefix}:intacct-trigger:`));
  const polls = all.filter((key) => key.startsWith(`${prefix}:intacct-polls:`));
  const complain = (what: string, keys: readonly string[]) => {
    if (keys.length > 0) problems.push(`${what}: ${keys.slice(0, 5).join(', ')}`);
  };

  complain(
    'Leases were not given back',
    own.filter((key) => /:lease:/.test(key)),
  );
  complain(
    'Requests in flight were not signed off',
    own.filter((key) => /:gate:(slots|line|seen)$/.test(key)),
  );
  complain('Jobs are there, but in no list', await collector.leftovers());
  complain(
    'Rows were rejected',
    all.filter((key) => key.startsWith(`${prefix}:intacct-rejected:`)),
  );
  if (polls.length > MOST_POLL_KEYS) problems.push(`${polls.length} keys of poll jobs`);
  if (own.length > MOST_OTHER_KEYS) problems.push(`${own.length} keys of the worker: ${own.slice(0, 200).join(', ')}`);

  const lastAtMs = author.lastVisibleAtMs;
  for (const { connection } of AUDIENCES) {
    for (const object of OBJECTS) {
      const ledger = new Keys(prefix).ledger(connection, object);
      const recent = author.versions.filter(
        ({ record, stampMs }) => record.object === object && stampMs > lastAtMs - LEDGER_REACHES_BACK_MS,
      );
      const entries = await redis.hlen(ledger);
      if (entries > recent.length)
        problems.push(`${ledger} has ${entries} entries, for ${recent.length} versions in reach`);
    }
  }
  return { keys: all.length, problems };
}
