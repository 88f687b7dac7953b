import { locationLabel, type Stream } from './core/stream.js';
import type { StreamStore } from './tick-tools.js';

/** How far every stream has come, for people and scripts. */
export async function describeStreams(store: Pick<StreamStore, 'load'>, streams: readonly Stream[]): Promise<unknown> {
  return { streams: await Promise.all(streams.map((stream) => describeStream(store, stream))) };
}

async function describeStream(store: Pick<StreamStore, 'load'>, stream: Stream): Promise<unknown> {
  const { connection, location, object } = stream;
  const named = { connection, location: locationLabel(location), object };
  try {
    const { state } = await store.load(stream);
    const watermark = state === null ? null : new Date(state.marks.watermarkMs).toISOString();
    return { ...named, watermark, catchingUp: state !== null && state.scan !== null };
  } catch (error) {
    return { ...named, trouble: error instanceof Error ? error.message : 'unknown' };
  }
}
