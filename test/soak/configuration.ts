import type { Simulator } from '../simulator/simulator.js';
import { type Environment, environmentFor as environmentOfOne } from '../support/worker-process.js';
import { OBJECTS } from './author.js';
import { AUDIENCES } from './marks-watch.js';

/** Margins as small as the lateness of the company allows, so that everything that happens in hours happens in minutes. */
const MARGINS = {
  POLL_EVERY: '1s',
  SETTLE: '1s',
  OVERLAP: '5s',
  SWEEP_EVERY: '5s',
  SWEEP_BACK: '30s',
  START_FROM: '1m',
};

/** One company, watched in the two ways there are: in one top-level session, and entity by entity. */
export function configurationFor({ url, credentials }: Pick<Simulator, 'url' | 'credentials'>): string {
  const connections = AUDIENCES.map(({ connection, locations, queue }) => ({
    name: connection,
    endpoint: url,
    ...credentials,
    locations,
    triggers: OBJECTS.map((object) => ({ object, queues: [queue] })),
  }));
  // JSON is YAML.
  return JSON.stringify({ connections });
}

export function environmentFor(
  simulator: Pick<Simulator, 'url' | 'credentials'>,
  redisUrl: string,
  prefix: string,
  configFile: string,
): Environment {
  const one = environmentOfOne(simulator, redisUrl, prefix);
  const ofProcess = Object.entries(one).filter(([name]) => !name.startsWith('INTACCT_'));
  return { ...Object.fromEntries(ofProcess), ...MARGINS, CONFIG_FILE: configFile };
}
