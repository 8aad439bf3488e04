/**
 * What happens to one user's presence, each as one step of Redis. A user is a hash of socket → "device node joinedAt goneAt"
 * (goneAt 0: connected). An entry counts while its node's lease runs or, once it is gone, while its grace does. `nodes`:
 * node → end of its lease. All times are milliseconds of Redis' own clock. Each script removes what counts no more, notes
 * when that was last there, and announces a user who came or went in the same step, so that nobody hears it in a wrong order.
 *
 * KEYS: user, nodes, seen, the users of the node, the user's channel. ARGV: graceMs, leaseMs, lifetime of keys, lifetime of
 * "last seen", the node, the user; then what each script names.
 */
const common = `
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local graceMs, leaseMs = tonumber(ARGV[1]), tonumber(ARGV[2])
local function parts(entry)
  local device, node, joinedAt, goneAt = string.match(entry, "^(%S+) (%S+) (%d+) (%d+)$")
  return device, node, tonumber(joinedAt), tonumber(goneAt)
end
local function endedAt(node, goneAt)
  if goneAt > 0 then return goneAt + graceMs <= now and goneAt or nil end
  local lease = tonumber(redis.call("ZSCORE", KEYS[2], node) or "0")
  if lease > now then return nil end
  return lease > 0 and lease - leaseMs or now
end
local function note(at)
  local seen = tonumber(redis.call("GET", KEYS[3]) or "0")
  if at > seen then redis.call("SET", KEYS[3], at, "PX", ARGV[4]) end
end
local function settle()
  local left, gone, ofNode = 0, 0, 0
  local all = redis.call("HGETALL", KEYS[1])
  for i = 1, #all, 2 do
    local device, node, joinedAt, goneAt = parts(all[i + 1])
    local at = endedAt(node, goneAt)
    if at then
      redis.call("HDEL", KEYS[1], all[i])
      note(at)
      gone = gone + 1
    else
      left = left + 1
      if node == ARGV[5] then ofNode = ofNode + 1 end
    end
  end
  if ofNode == 0 then redis.call("SREM", KEYS[4], ARGV[6]) end
  return left, gone
end
local function tellWent()
  redis.call("PUBLISH", KEYS[5], redis.call("GET", KEYS[3]))
end
`;

/**
 * ARGV: socket, device, how many milliseconds ago it came, and when that was if Redis has said so before (0: it has not).
 * Answers when it came. Of a device's sockets the one that came last stays, whatever order they are heard of in: so a socket's
 * time is told from its age once, and stays the same however late it is heard of again. Of two within one millisecond the one
 * stays that is new. Said again of a socket that is there it lets its keys live on.
 */
export const joinScript = `${common}
local before = settle()
local joinedAt, isKnown = now - ARGV[9], tonumber(ARGV[10]) > 0
if isKnown then joinedAt = math.min(tonumber(ARGV[10]), now) end
local all = redis.call("HGETALL", KEYS[1])
for i = 1, #all, 2 do
  local device, node, otherAt = parts(all[i + 1])
  if all[i] == ARGV[7] then
    joinedAt = otherAt
  elseif device == ARGV[8] then
    if otherAt > joinedAt or (isKnown and otherAt == joinedAt) then return joinedAt end
    redis.call("HDEL", KEYS[1], all[i])
  end
end
redis.call("HSETNX", KEYS[1], ARGV[7], ARGV[8] .. " " .. ARGV[5] .. " " .. joinedAt .. " 0")
redis.call("PEXPIRE", KEYS[1], ARGV[3])
redis.call("SADD", KEYS[4], ARGV[6])
redis.call("PEXPIRE", KEYS[4], ARGV[3])
if before == 0 then redis.call("PUBLISH", KEYS[5], "online") end
return joinedAt`;

/** ARGV: socket, "left" or "lost", how many milliseconds ago. Answers 1 where the user went. */
export const leaveScript = `${common}
local entry = redis.call("HGET", KEYS[1], ARGV[7])
local taken = 0
if entry then
  local device, node, joinedAt, goneAt = parts(entry)
  local at = now - ARGV[9]
  if ARGV[8] == "left" then
    redis.call("HDEL", KEYS[1], ARGV[7])
    note(at)
    taken = 1
  elseif goneAt == 0 then
    redis.call("HSET", KEYS[1], ARGV[7], device .. " " .. node .. " " .. joinedAt .. " " .. at)
  end
end
local left, gone = settle()
if left > 0 or gone + taken == 0 then return 0 end
tellWent()
return 1`;

/** Removes what counts no more. Answers 1 where the user went. */
export const settleScript = `${common}
local left, gone = settle()
if left > 0 or gone == 0 then return 0 end
tellWent()
return 1`;

/** KEYS: nodes. ARGV: node, leaseMs, lifetime. Answers 0 where no lease ran: others may have removed what the node had. */
export const leaseScript = `
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = tonumber(redis.call("ZSCORE", KEYS[1], ARGV[1]) or "0")
redis.call("ZADD", KEYS[1], now + ARGV[2], ARGV[1])
redis.call("PEXPIRE", KEYS[1], ARGV[3])
return lease > now and 1 or 0`;

/** KEYS: nodes. Answers the nodes whose lease has ended. */
export const endedNodesScript = `
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return redis.call("ZRANGEBYSCORE", KEYS[1], "-inf", now)`;

/** KEYS: nodes, the users of the node. ARGV: node. Removes a node whose lease has ended, unless somebody is left in a grace. */
export const forgetNodeScript = `
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = redis.call("ZSCORE", KEYS[1], ARGV[1])
if lease and tonumber(lease) <= now and redis.call("EXISTS", KEYS[2]) == 0 then redis.call("ZREM", KEYS[1], ARGV[1]) end
return 0`;
