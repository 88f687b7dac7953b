import type { ConnectionSettings, TriggerSettings } from './config/settings.js';
import type { SharedRecords, Stream } from './core/stream.js';
import type { Poller } from './tick-tools.js';

/** The pollers of a connection: one per session, each with a stream per trigger. */
export function pollersOf(connection: ConnectionSettings): readonly Poller[] {
  const everyMs = Math.min(...connection.triggers.map((trigger) => trigger.everyMs));
  const locations: readonly (string | null)[] = connection.locations === 'all' ? [null] : connection.locations;
  return locations.map((location, index) => ({
    connection: connection.name,
    location,
    everyMs,
    streams: connection.triggers.map((trigger) =>
      streamOf(connection, location, sharedRecordsAt(location, index), trigger),
    ),
  }));
}

function sharedRecordsAt(location: string | null, index: number): SharedRecords {
  if (location === null) return 'own';
  return index === 0 ? 'emit' : 'skip';
}

function streamOf(
  connection: ConnectionSettings,
  location: string | null,
  sharedRecords: SharedRecords,
  trigger: TriggerSettings,
): Stream {
  return { ...trigger, connection: connection.name, companyId: connection.companyId, location, sharedRecords };
}
