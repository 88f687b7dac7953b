import { locationLabel, type Stream } from '../core/stream.js';
import type { Poller } from '../tick-tools.js';

export function pollerLabels({ connection, location }: Pick<Poller, 'connection' | 'location'>) {
  return { connection, location: locationLabel(location) };
}

export function streamLabels({ connection, location, object }: Stream) {
  return { connection, location: locationLabel(location), object };
}
