import type { Company } from './company.js';
import { locationLabel, type Stream, streamId } from './core/stream.js';
import type { AdminActions } from './http/admin.js';
import type { Blocks } from './state/blocks.js';
import type { StreamStore } from './tick-tools.js';

export interface StatusSources {
  readonly streams: readonly Stream[];
  readonly companies: readonly Company[];
  readonly store: Pick<StreamStore, 'load'>;
  readonly blocks: Blocks;
}

/** How far every stream has come and what is in its way, for people and scripts. No secrets, no rows. */
export async function describeStatus({ streams, companies, store, blocks }: StatusSources): Promise<unknown> {
  const troubles = await blocks.load(streams);
  return {
    connections: await Promise.all(companies.map(describeConnection)),
    streams: await Promise.all(
      streams.map(async (stream, index) => {
        const { connection, location, object } = stream;
        const trouble = troubles[index];
        return {
          id: streamId(stream),
          connection,
          location: locationLabel(location),
          object,
          state: trouble?.paused ? 'paused' : trouble?.blocked ? 'blocked' : 'active',
          ...(trouble?.blocked ? { blocked: trouble.blocked } : {}),
          ...(await describeProgress(store, stream)),
        };
      }),
    ),
  };
}

async function describeConnection({ settings, gate, budget }: Company): Promise<unknown> {
  const [{ blocked, pausedUntilMs, inFlight, waiting }, month] = await Promise.all([gate.state(), budget.look()]);
  const state = blocked !== null ? 'blocked' : pausedUntilMs !== null ? 'paused' : 'active';
  return {
    name: settings.name,
    companyId: settings.companyId,
    state,
    ...(blocked === null ? {} : { blocked: { ...blocked, fingerprint: undefined } }),
    pausedUntil: pausedUntilMs === null ? null : new Date(pausedUntilMs).toISOString(),
    requests: { inFlight, waiting },
    transactions: month,
  };
}

async function describeProgress(store: Pick<StreamStore, 'load'>, stream: Stream): Promise<object> {
  try {
    const { state } = await store.load(stream);
    if (state === null) return { watermark: null, catchingUp: false };
    return { watermark: new Date(state.marks.watermarkMs).toISOString(), catchingUp: state.scan !== null };
  } catch (error) {
    return { trouble: error instanceof Error ? error.message : 'The state cannot be read' };
  }
}

export function adminActions({ streams, companies, blocks }: StatusSources): AdminActions {
  const onStream = async (id: string, act: (stream: Stream) => Promise<void>): Promise<boolean> => {
    const stream = streams.find((candidate) => streamId(candidate) === id);
    if (stream === undefined) return false;
    await act(stream);
    return true;
  };
  return {
    pauseStream: (id) => onStream(id, (stream) => blocks.pause(stream)),
    resumeStream: (id) => onStream(id, (stream) => blocks.resume(stream)),
    async resumeConnection(name) {
      const company = companies.find(({ settings }) => settings.name === name);
      if (company === undefined) return false;
      await company.gate.resume();
      return true;
    },
  };
}
