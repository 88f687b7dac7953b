/**
 * Every decision of the gate is one script, by the clock of Redis. All of them bear being applied twice, since a lost answer makes
 * the client send again.
 *
 * KEYS of all  1 state, 2 slots, 3 line, 4 seen, 5 blocks
 *
 * A block is text: epoch milliseconds, a blank, JSON.
 */
const PRELUDE = `
local state, slots, line, seen, blocks = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function text(ms) return string.format('%.0f', ms) end
local function stateMs(field) return tonumber(redis.call('HGET', state, field) or 0) or 0 end

local function leave(token)
  redis.call('ZREM', slots, token)
  redis.call('ZREM', line, token)
  redis.call('ZREM', seen, token)
end

-- Those that have run out, and those that no clock of today can have written: Redis' clock was set back.
local function dropDeadSlots(slotMs)
  redis.call('ZREMRANGEBYSCORE', slots, '-inf', text(now))
  redis.call('ZREMRANGEBYSCORE', slots, '(' .. text(now + slotMs), '+inf')
end

-- Few credentials are ever refused; the oldest go so that the hash cannot grow.
local MOST_BLOCKS = 8
local function block(fingerprint, entry)
  redis.call('HSET', blocks, fingerprint, entry)
  if redis.call('HGET', state, 'proven') == fingerprint then redis.call('HDEL', state, 'proven') end
  local all = redis.call('HGETALL', blocks)
  if #all / 2 <= MOST_BLOCKS then return end
  local oldest, oldestMs
  for i = 1, #all, 2 do
    local atMs = tonumber(string.match(all[i + 1], '^%d+') or 0)
    if all[i] ~= fingerprint and (oldest == nil or atMs < oldestMs) then oldest, oldestMs = all[i], atMs end
  end
  redis.call('HDEL', blocks, oldest)
end
`;

/**
 * ARGV  1 token, 2 limit, 3 slotMs, 4 waiterMs, 5 fingerprint,
 *       6 JSON of a refusal that this process remembers or '', 7 when that was or '' for not known
 * Reply {'admitted'} | {'waiting'} | {'paused', until, reason} | {'blocked', block}
 */
export const ENTER = `${PRELUDE}
local token, slotMs, waiterMs, fingerprint = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]

local refusal = redis.call('HGET', blocks, fingerprint)
-- A block that went without anybody resuming: Redis was emptied or set back.
if not refusal and ARGV[6] ~= '' and (ARGV[7] == '' or stateMs('resumedAtMs') < tonumber(ARGV[7])) then
  refusal = (ARGV[7] == '' and text(now) or ARGV[7]) .. ' ' .. ARGV[6]
  block(fingerprint, refusal)
end
if refusal then
  leave(token)
  return {'blocked', refusal}
end

local untilMs = stateMs('pausedUntilMs')
if untilMs > now then
  leave(token)
  return {'paused', untilMs, redis.call('HGET', state, 'pauseReason') or ''}
end

dropDeadSlots(slotMs)
if redis.call('ZSCORE', slots, token) then
  redis.call('ZADD', slots, text(now + slotMs), token)
  redis.call('PEXPIRE', slots, slotMs)
  return {'admitted'}
end

-- Who has stopped asking, or asked in the future of a clock that was set back.
local function dropWaiters(from, to)
  for _, gone in ipairs(redis.call('ZRANGEBYSCORE', seen, from, to)) do
    redis.call('ZREM', line, gone)
    redis.call('ZREM', seen, gone)
  end
end
dropWaiters('-inf', text(now - waiterMs))
dropWaiters('(' .. text(now), '+inf')

if not redis.call('ZSCORE', line, token) then
  redis.call('ZADD', line, redis.call('HINCRBY', state, 'arrivals', 1), token)
end

-- One at a time until one has gone well: if the credentials are wrong, they are refused once.
local limit = tonumber(ARGV[2])
if redis.call('HGET', state, 'proven') ~= fingerprint then limit = 1 end
if redis.call('ZRANK', line, token) < limit - redis.call('ZCARD', slots) then
  leave(token)
  redis.call('ZADD', slots, text(now + slotMs), token)
  redis.call('PEXPIRE', slots, slotMs)
  return {'admitted'}
end
redis.call('ZADD', seen, text(now), token)
redis.call('PEXPIRE', line, waiterMs)
redis.call('PEXPIRE', seen, waiterMs)
return {'waiting'}
`;

/**
 * A slot that ran out is taken again if nobody else needs the room.
 *
 * ARGV  1 token, 2 limit, 3 slotMs
 * Reply 1, or 0 when the slot is lost
 */
export const RENEW = `${PRELUDE}
local token, slotMs = ARGV[1], tonumber(ARGV[3])
dropDeadSlots(slotMs)
if not redis.call('ZSCORE', slots, token) and redis.call('ZCARD', slots) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', slots, text(now + slotMs), token)
redis.call('PEXPIRE', slots, slotMs)
return 1
`;

/**
 * Pause or block first, then the slot: the next request must see them.
 *
 * ARGV  1 token, 2 fingerprint, 3 'ok' | 'failed' | 'later' | 'refused',
 *       later: 4 reason, 5 how long or '', 6 default, 7 longest default
 *       refused: 4 JSON
 * Reply the clock
 */
export const LEAVE = `${PRELUDE}
local token, fingerprint, outcome = ARGV[1], ARGV[2], ARGV[3]
if outcome == 'refused' then
  block(fingerprint, text(now) .. ' ' .. ARGV[4])
elseif outcome == 'later' then
  local longestMs = tonumber(ARGV[7])
  local untilMs, pauses = stateMs('pausedUntilMs'), stateMs('pauses')
  -- Requests that were in flight together were told the same thing; that is one time, not two.
  if untilMs <= now then
    if now - untilMs > longestMs then pauses = 0 end
    pauses = pauses + 1
  end
  local pauseMs = tonumber(ARGV[5]) or math.min(longestMs, tonumber(ARGV[6]) * 2 ^ (pauses - 1))
  redis.call('HSET', state, 'pausedUntilMs', text(math.max(untilMs, now + pauseMs)), 'pauses', text(pauses), 'pauseReason', ARGV[4])
end
leave(token)
if outcome == 'ok' then
  if redis.call('HGET', state, 'pauses') and stateMs('pausedUntilMs') <= now then
    redis.call('HDEL', state, 'pausedUntilMs', 'pauses', 'pauseReason')
  end
  local isBlocked = redis.call('HEXISTS', blocks, fingerprint) == 1
  if not isBlocked and redis.call('HGET', state, 'proven') ~= fingerprint then redis.call('HSET', state, 'proven', fingerprint) end
end
return now
`;

/** An operator's. What is proven has to be proven again. */
export const RESUME = `${PRELUDE}
redis.call('DEL', blocks)
redis.call('HDEL', state, 'proven')
redis.call('HSET', state, 'resumedAtMs', text(now))
return now
`;

/**
 * ARGV  1 fingerprint, 2 waiterMs
 * Reply {in flight, waiting, paused until or 0, block or ''}
 */
export const LOOK = `${PRELUDE}
local untilMs = stateMs('pausedUntilMs')
return {
  redis.call('ZCOUNT', slots, '(' .. text(now), '+inf'),
  redis.call('ZCOUNT', seen, '(' .. text(now - tonumber(ARGV[2])), '+inf'),
  untilMs > now and untilMs or 0,
  redis.call('HGET', blocks, ARGV[1]) or ''
}
`;
