/**
 * Ends the transaction that added the jobs. It runs after them and nothing runs in between, so what it sees is what is so:
 *
 * 1. The lease and the commit numbers are the ones the writer read. (WATCH has already seen to that before any job was added; this
 *    is the second lock.)
 * 2. Every job key exists, or has a receipt from an earlier attempt. A MULTI goes on when a command inside fails (scripts flushed,
 *    out of memory), so the jobs cannot be taken for granted.
 * 3. Only if none is missing do ledger and cursor move. Otherwise the ledger takes the records whose jobs are all there, receipts
 *    are kept for the rest of the jobs, and the cursor stays: the next attempt adds what is missing and nothing else. That attempt may
 *    come some commits later, when the next window is read in other pages: receipts stay until the window is closed.
 *
 * KEYS  1 lease, 2 state, 3 shared marks, 4 ledger, 5 receipts, 6… job keys
 * ARGV  1 token, 2 expected commit number, 3 expected commit number of the shared marks or '',
 *       4 JSON {state: [field, value, …], shared: [field, value, …], closed: the window is read to its end, items: [[number of jobs, record key, version or ''], …]}
 * Reply {'done', 0} | {'lease', 0} | {'overtaken', 0} | {'incomplete', missing jobs}
 */
export const COMMIT_SCRIPT = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lease', 0} end
if (redis.call('HGET', KEYS[2], 'commitNo') or '0') ~= ARGV[2] then return {'overtaken', 0} end
if ARGV[3] ~= '' and (redis.call('HGET', KEYS[3], 'commitNo') or '0') ~= ARGV[3] then return {'overtaken', 0} end

local function inBatches(command, key, values)
  for i = 1, #values, 1000 do
    redis.call(command, key, unpack(values, i, math.min(i + 999, #values)))
  end
end

local plan = cjson.decode(ARGV[4])
local ledger, receipts, missing, job = {}, {}, 0, 6
for _, item in ipairs(plan.items) do
  local whole = true
  for _ = 1, item[1] do
    local jobKey = KEYS[job]
    job = job + 1
    if redis.call('EXISTS', jobKey) == 1 or redis.call('SISMEMBER', KEYS[5], jobKey) == 1 then
      receipts[#receipts + 1] = jobKey
    else
      whole = false
      missing = missing + 1
    end
  end
  if whole and item[3] ~= '' then
    ledger[#ledger + 1] = item[2]
    ledger[#ledger + 1] = item[3]
  end
end

inBatches('HSET', KEYS[4], ledger)
if missing > 0 then
  inBatches('SADD', KEYS[5], receipts)
  return {'incomplete', missing}
end
if plan.closed then
  redis.call('DEL', KEYS[5])
elseif redis.call('EXISTS', KEYS[5]) == 1 then
  inBatches('SREM', KEYS[5], receipts)
end
inBatches('HSET', KEYS[2], plan.state)
if #plan.shared > 0 then inBatches('HSET', KEYS[3], plan.shared) end
return {'done', 0}
`;
