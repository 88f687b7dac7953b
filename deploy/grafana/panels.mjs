// What the dashboard shows, row by row. generate.mjs makes the JSON of it that Grafana reads.
import { CONNECTION, M, POLLER } from './query.mjs';
import { EVENTS } from './rows/events.mjs';
import { INTACCT } from './rows/intacct.mjs';
import { STREAMS } from './rows/streams.mjs';
import { WORKERS } from './rows/workers.mjs';

export const ROWS = [...STREAMS, ...EVENTS, ...INTACCT, ...WORKERS];

/** Each depends on those before it. `poll_interval_seconds` exists as soon as a worker has started. */
export const VARIABLES = [
  { name: 'connection', query: `label_values(${M}poll_interval_seconds, connection)` },
  { name: 'location', query: `label_values(${M}poll_interval_seconds{${CONNECTION}}, location)` },
  { name: 'object', query: `label_values(${M}poll_interval_seconds{${POLLER}}, object)` },
];
