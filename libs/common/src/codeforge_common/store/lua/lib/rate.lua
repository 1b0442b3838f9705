-- How fast a user may submit, and write to the chat: GCRA (ATM Forum TM 4.0, "generic cell rate algorithm", virtual
-- scheduling).
--
--   rate:<user>        the theoretical arrival time of the user's next submit; gone when it has passed
--   chat_rate:<user>   that of the user's next message

-- Takes one out of the rate that `key` keeps. How long to wait (nil: it is granted), how many are left, until one more
-- may.
local function take(key, per_minute, rate_burst)
    local interval = 60000 / per_minute
    local burst = interval * math.max(rate_burst, 1)
    local stored = tonumber(redis.call('GET', key)) or 0
    if stored > NOW + burst then stored = 0 end
    local arrival = math.max(NOW, stored) + interval
    local wait = arrival - burst - NOW
    if wait > 0 then return math.ceil(wait) end
    local reset = math.ceil(arrival - NOW)
    redis.call('SET', key, string.format('%.3f', arrival), 'PX', reset)
    return nil, math.floor((burst - (arrival - NOW)) / interval), reset
end

-- Takes one submit out of the user's rate; nothing where submits aren't limited.
local function take_rate(user)
    if LIMITS.rate_per_minute == 0 then return nil end
    return take(KEY('rate', user), LIMITS.rate_per_minute, LIMITS.rate_burst)
end
