import { describeRedisUrl } from '../../shared/redis.js';
import type { Secret } from '../../shared/secret.js';
import { formatDuration, formatOffset } from './parsers.js';
import type { ConnectionSettings, Settings, StartFrom, TriggerSettings } from './settings.js';

/** The effective settings for the log at the start: durations as text, secrets as set or unset. */
export function describeSettings(settings: Settings): Readonly<Record<string, unknown>> {
  const { margins } = settings;
  return {
    redis: describeRedisUrl(settings.redisUrl),
    queuePrefix: settings.queuePrefix,
    eventsQueue: settings.eventsQueue,
    queueHighWater: settings.queueHighWater,
    http: settings.http === null ? 'off' : { ...settings.http },
    adminToken: describeSecret(settings.adminToken),
    logLevel: settings.logLevel,
    traces: settings.tracesUrl ?? 'off',
    settle: formatDuration(margins.settleMs),
    overlap: formatDuration(margins.overlapMs),
    sweepEvery: formatDuration(margins.sweepEveryMs),
    sweepBack: formatDuration(margins.sweepBackMs),
    connections: settings.connections.map(describeConnection),
  };
}

function describeConnection(connection: ConnectionSettings) {
  const { timezoneOffsetMinutes, triggers, ...rest } = connection;
  return {
    ...rest,
    senderPassword: describeSecret(connection.senderPassword),
    userPassword: describeSecret(connection.userPassword),
    timezoneOffset: formatOffset(timezoneOffsetMinutes),
    triggers: triggers.map(describeTrigger),
  };
}

function describeTrigger(trigger: TriggerSettings) {
  const { everyMs, startFrom, ...rest } = trigger;
  return { ...rest, every: formatDuration(everyMs), startFrom: describeStartFrom(startFrom) };
}

function describeStartFrom(startFrom: StartFrom): string {
  return 'agoMs' in startFrom ? formatDuration(startFrom.agoMs) : new Date(startFrom.atMs).toISOString();
}

function describeSecret(secret: Secret | null): 'set' | 'unset' {
  return secret === null ? 'unset' : 'set';
}
