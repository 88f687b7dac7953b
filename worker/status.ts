import type { Company } from './company.js';
import { locationLabel, type Stream, streamId } from './core/stream.js';
import type { AdminActions } from './http/admin.js';
import type { ConnectionStatus, Status, StreamStatus } from './http/status.js';
import type { Refusal } from './state/block-info.js';
import type { Blocks } from './state/blocks.js';
import type { StreamStore } from './tick-tools.js';

export interface StatusSources {
  readonly streams: readonly Stream[];
  readonly companies: readonly Company[];
  readonly store: Pick<StreamStore, 'load'>;
  readonly blocks: Blocks;
}

export async function describeStatus({ streams, companies, store, blocks }: StatusSources): Promise<Status> {
  const [troubles, connections] = await Promise.all([
    blocks.load(streams),
    Promise.all(companies.map(describeConnection)),
  ]);
  const held = new Map(connections.map(({ name, state }) => [name, state]));
  return {
    connections,
    streams: await Promise.all(
      streams.map(async (stream, index) => {
        const { paused = false, blocked = null } = troubles[index] ?? {};
        const nowMs = companies
          .find(({ settings }) => settings.name === stream.connection)
          ?.tools.intacct.serverNowMs();
        return {
          id: streamId(stream),
          connection: stream.connection,
          location: locationLabel(stream.location),
          object: stream.object,
          // Of a connection that is blocked or paused no stream is read.
          state: paused
            ? ('paused' as const)
            : blocked !== null
              ? ('blocked' as const)
              : (held.get(stream.connection) ?? 'active'),
          blocked:
            blocked === null
              ? null
              : { ...refusal(blocked), since: instant(blocked.sinceMs), probeAt: instant(blocked.probeAtMs) },
          everySeconds: stream.everyMs / 1000,
          ...(await describeProgress(store, stream, nowMs ?? Date.now())),
        };
      }),
    ),
  };
}

async function describeConnection({ settings, gate, budget }: Company): Promise<ConnectionStatus> {
  const [{ blocked, pausedUntilMs, inFlight, waiting }, transactions] = await Promise.all([
    gate.state(),
    budget.look(),
  ]);
  return {
    name: settings.name,
    companyId: settings.companyId,
    state: blocked !== null ? 'blocked' : pausedUntilMs !== null ? 'paused' : 'active',
    blocked: blocked === null ? null : { ...refusal(blocked), since: instant(blocked.atMs) },
    pausedUntil: pausedUntilMs === null ? null : instant(pausedUntilMs),
    requests: { inFlight, waiting },
    transactions,
  };
}

type ProgressStatus = Pick<StreamStatus, 'watermark' | 'lagSeconds' | 'catchingUp' | 'trouble'>;

async function describeProgress(
  store: Pick<StreamStore, 'load'>,
  stream: Stream,
  nowMs: number,
): Promise<ProgressStatus> {
  try {
    const { state } = await store.load(stream);
    if (state === null) return { watermark: null, lagSeconds: null, catchingUp: false, trouble: null };
    const { watermarkMs } = state.marks;
    return {
      watermark: instant(watermarkMs),
      lagSeconds: Math.max(0, Math.round((nowMs - watermarkMs) / 1000)),
      catchingUp: state.scan !== null,
      trouble: null,
    };
  } catch (error) {
    const trouble = error instanceof Error ? error.message : 'The state cannot be read';
    return { watermark: null, lagSeconds: null, catchingUp: false, trouble };
  }
}

/** Without the fingerprint of the credentials, which is nobody's business. */
function refusal({ code, message, advice, sageText }: Refusal): Refusal {
  return { code, message, advice, sageText };
}

/** A damaged entry may hold any number. */
function instant(atMs: number): string {
  return Number.isFinite(new Date(atMs).getTime()) ? new Date(atMs).toISOString() : 'never';
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
