import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Keys } from './keys.js';

export interface Standing {
  /** This replica's configuration is in force: it makes schedules equal to it. Others leave them alone. */
  readonly leads: boolean;
  /** Live replicas with another configuration than this one's. */
  readonly disagreeing: number;
  /** Live replicas, this one included. */
  readonly replicas: number;
}

/**
 * Several processes, for a while with different configurations: a rolling restart, or one that was forgotten. Two that each make
 * the schedules theirs would undo each other for ever, so one configuration is in force: of those with a live replica the one that
 * appeared last. A configuration is remembered for some time after its last replica: an old process that crashes and comes back
 * during a roll-out does not make its configuration the newest.
 *
 * Every answer is a beat; a replica that misses three is taken for dead. After a roll-back the old configuration is in force as soon
 * as the last replica with the newer one is gone, at the latest three beats later. The hole: between the answer and what is done
 * upon it another configuration may appear; the next beat puts that right.
 */
export interface Replica {
  /** Beats, and tells where this replica stands. Throws when Redis cannot be asked: touch nothing then. */
  standing(): Promise<Standing>;
  /** At the end: others need not wait for three missed beats. */
  leave(): Promise<void>;
}

export interface ReplicaOptions {
  readonly redis: Redis;
  readonly keys: Keys;
  /** Of what the schedules are made of, without secrets; the same text in every process with the same configuration. */
  readonly configFingerprint: string;
  /** How often `standing` is going to be asked, milliseconds. */
  readonly beatMs: number;
  /** How long a configuration without a live replica is remembered, milliseconds. */
  readonly rememberMs?: number;
  readonly id?: string;
}

/**
 * KEYS  1 replicas: id → 'last beat, started, fingerprint', 2 configurations: fingerprint → 'since, last beat'
 * ARGV  1 id, 2 fingerprint, 3 stale after, 4 remembered for, 5 since when this process knows its configuration or '',
 *       6 when this process started or ''
 * Reply {leads, disagreeing, replicas, since, started}
 */
const BEAT = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local id, mine, staleMs, rememberMs = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local function text(ms) return string.format('%.0f', ms) end
local function each(key, visit)
  local all = redis.call('HGETALL', key)
  for i = 1, #all, 2 do
    if not visit(all[i], all[i + 1]) then redis.call('HDEL', key, all[i]) end
  end
end
-- Neither long ago nor, by a clock that was set back, in the future.
local function within(ms, longest) return ms ~= nil and math.abs(now - ms) <= longest end

local started = tonumber(ARGV[6]) or now
redis.call('HSET', KEYS[1], id, text(now) .. ' ' .. text(started) .. ' ' .. mine)
local live, replicas, disagreeing = {}, 0, 0
each(KEYS[1], function(_, entry)
  local seen, fingerprint = string.match(entry, '^(%d+) %d+ (.*)$')
  if not within(tonumber(seen), staleMs) then return false end
  live[fingerprint] = true
  replicas = replicas + 1
  if fingerprint ~= mine then disagreeing = disagreeing + 1 end
  return true
end)

local known = string.match(redis.call('HGET', KEYS[2], mine) or '', '^%d+')
local since = math.min(tonumber(known) or now, tonumber(ARGV[5]) or now)
redis.call('HSET', KEYS[2], mine, text(since) .. ' ' .. text(now))
local leader, newest
each(KEYS[2], function(fingerprint, entry)
  local from, seen = string.match(entry, '^(%d+) (%d+)$')
  if not within(tonumber(seen), rememberMs) then return false end
  from = tonumber(from)
  if live[fingerprint] and (leader == nil or from > newest or (from == newest and fingerprint > leader)) then
    leader, newest = fingerprint, from
  end
  return true
end)
redis.call('PEXPIRE', KEYS[1], rememberMs)
redis.call('PEXPIRE', KEYS[2], rememberMs)
return {leader == mine and 1 or 0, disagreeing, replicas, since, started}
`;

const BEATS_TO_MISS = 3;
/** Longer than an orchestrator waits between two starts of a process that keeps crashing. */
const REMEMBER_MS = 15 * 60_000;

export function createReplica(options: ReplicaOptions): Replica {
  const { redis, keys, configFingerprint, beatMs, id = randomUUID(), rememberMs = REMEMBER_MS } = options;
  let since: number | '' = '';
  let started: number | '' = '';

  return {
    async standing() {
      const staleMs = BEATS_TO_MISS * beatMs;
      const reply = await redis.eval(
        BEAT,
        2,
        keys.replicas(),
        keys.configurations(),
        id,
        configFingerprint,
        staleMs,
        Math.max(rememberMs, staleMs),
        since,
        started,
      );
      const [leads, disagreeing, replicas, sinceMs, startedMs] = reply as [number, number, number, number, number];
      since = sinceMs;
      started = startedMs;
      return { leads: leads === 1, disagreeing, replicas };
    },
    async leave() {
      await redis.hdel(keys.replicas(), id);
    },
  };
}
