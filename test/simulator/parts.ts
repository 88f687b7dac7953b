import type { Company } from './company.js';
import type { Random } from './random.js';
import type { Sessions } from './sessions.js';
import type { Behaviour } from './settings.js';
import type { Stats } from './stats.js';

/** What the gateway and its functions work with: the company and its state between requests. */
export interface GatewayParts {
  readonly company: Company;
  readonly sessions: Sessions;
  readonly behaviour: Behaviour;
  readonly stats: Stats;
  readonly random: Random;
  /** Function controlids of requests that asked for uniqueness. */
  readonly seenControlIds: Set<string>;
}
