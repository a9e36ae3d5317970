-- Rates and breakers, one hash a service: as `call_admit` and its neighbours do it in PostgreSQL. By Redis' own clock.
-- KEYS[1]: the service. ARGV[1]: what is to be done, then its numbers in seconds.
local key = KEYS[1]
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000

local function number(field)
    return tonumber(redis.call('HGET', key, field) or nil)
end

local function put(...)
    redis.call('HSET', key, ...)
    redis.call('EXPIRE', key, 172800)  -- longer than any block
    return { 'ok', '0', '0' }
end

local what = ARGV[1]
if what == 'block' then
    return put('blocked', tostring(math.max(number('blocked') or 0, now + tonumber(ARGV[2]))))
elseif what == 'failed' then
    local failures = (number('failures') or 0) + 1
    if failures >= tonumber(ARGV[2]) then
        return put('failures', failures, 'opened', tostring(now + tonumber(ARGV[3])))
    end
    return put('failures', failures)
elseif what == 'mended' then
    redis.call('HDEL', key, 'failures', 'opened')
    return { 'ok', '0', '0' }
end

local per_second, burst, longest, open_for =
    tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local failures = tostring(number('failures') or 0)
local blocked, opened = number('blocked'), number('opened')
if blocked and blocked > now then
    return { 'full', tostring(blocked - now), failures }
end
if opened then
    if opened > now then
        return { 'open', tostring(opened - now), failures }
    end
    put('opened', tostring(now + open_for))
end
if per_second <= 0 then
    return { 'go', '0', failures }
end
local tokens, refilled = number('tokens'), number('refilled')
if tokens then
    tokens = math.min(burst, tokens + math.max(0, now - refilled) * per_second)
else
    tokens = burst
end
local wait = math.max(0, 1 - tokens) / per_second
if wait > longest then
    return { 'full', tostring(wait), failures }
end
put('tokens', tostring(tokens - 1), 'refilled', tostring(now))
return { 'go', tostring(wait), failures }
