-- The event log: one entry for all updates of a script call, in the order in which they happened.
--
--   events   stream of entries n, at, e (see event_log.py)
--   log      hash: n (entries so far), at (bytes so far), dropped (bytes of the entries that were dropped), last (id)

local ENTRY_OVERHEAD = 64 -- what the stream keeps of an entry besides its updates, roughly
local MAX_DROPS = 16      -- heads dropped in one call at most, so that a call's time is bounded

local updates = {}
local calendar, stamps = {}, {}

-- Days since 1970 as `2026-11-24` (proleptic Gregorian calendar; Howard Hinnant, "chrono-compatible low-level date
-- algorithms", civil_from_days).
local function date_of(days)
    if calendar[days] then return calendar[days] end
    local z = days + 719468
    local era = math.floor(z / 146097)
    local doe = z - era * 146097
    local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
    local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
    local mp = math.floor((5 * doy + 2) / 153)
    local month = mp < 10 and mp + 3 or mp - 9
    local year = yoe + era * 400 + (month <= 2 and 1 or 0)
    calendar[days] = string.format('%04d-%02d-%02d', year, month, doy - math.floor((153 * mp + 2) / 5) + 1)
    return calendar[days]
end

local function iso(ms)
    if not ms then return 'null' end
    local known = stamps[ms]
    if known then return known end
    local number = tonumber(ms)
    local second = math.floor(number / 1000)
    local days = math.floor(second / 86400)
    local rest = second - days * 86400
    known = string.format('"%sT%02d:%02d:%02d.%03dZ"', date_of(days), math.floor(rest / 3600),
        math.floor(rest / 60) % 60, rest % 60, number - second * 1000)
    stamps[ms] = known
    return known
end

-- The whole job:update but its cursor, which only the reader knows.
local function update_of(job)
    local f = job.field
    local failure = f.error and redis.call('GET', job_key(job.id, ':error')) or 'null'
    local lines = f.logbytes and redis.call('LRANGE', job_key(job.id, ':log'), -UPDATE_LOG_LINES, -1)
    return '{' .. head_of(job)
        .. ',"status":"' .. f.status .. '","progress":' .. (f.progress or '0') .. ',"stage":' .. (f.stage or 'null')
        .. ',"logs":[' .. (lines and table.concat(lines, ',') or '') .. '],"result":' .. (job.result or 'null')
        .. ',"error":' .. failure .. ',"attempt":' .. (f.attempts or '0') .. ',"attemptsMax":' .. f.attempts_max
        .. ',"crashes":' .. (f.crashes or '0') .. ',"cancelRequested":' .. (f.cancel and 'true' or 'false')
        .. ',"createdAt":' .. iso(f.created_at) .. ',"startedAt":' .. iso(f.started_at)
        .. ',"completedAt":' .. iso(f.completed_at) .. ',"timestamp":' .. iso(f.updated_at) .. ',"seq":' .. f.seq .. '}'
end

-- Counts the change and remembers its update for the entry that `write_log` appends at the end of the call.
local function emit(job)
    set(job, 'seq', number_of(job, 'seq') + 1)
    set(job, 'updated_at', NOW)
    updates[#updates + 1] = { job.field.user, job.field.session, job.id, number_of(job, 'seq'), update_of(job),
        job.field.traceparent }
end

-- Drops heads as long as they are in excess, but never the newest entry: by it readers know where the log stands.
local function drop_heads(newest, at, dropped, excess, most)
    for _ = 1, most do
        if not excess(at, dropped) then break end
        local heads = redis.call('XRANGE', KEY('events'), '-', '+', 'COUNT', 1)
        if #heads == 0 or heads[1][1] == newest then break end
        redis.call('XDEL', KEY('events'), heads[1][1])
        dropped = tonumber(heads[1][2][4])
    end
    return dropped
end

local function write_log()
    if #updates == 0 then return end
    local packed = cmsgpack.pack(updates)
    local state = redis.call('HMGET', KEY('log'), 'n', 'at', 'dropped')
    local n = (tonumber(state[1]) or 0) + 1
    local at = (tonumber(state[2]) or 0) + #packed + ENTRY_OVERHEAD
    local id = redis.call('XADD', KEY('events'), '*', 'n', string.format('%.0f', n), 'at', string.format('%.0f', at),
        'e', packed)
    local dropped = drop_heads(id, at, tonumber(state[3]) or 0, function(all, gone)
        return all - gone > LIMITS.event_log_max_bytes
    end, MAX_DROPS)
    redis.call('HSET', KEY('log'), 'n', n, 'at', at, 'dropped', dropped, 'last', id)
    updates = {}
end
at_end[#at_end + 1] = write_log

-- The log's position, as a cursor for whole entries.
local function log_cursor()
    return redis.call('HGET', KEY('log'), 'last') or '0'
end

-- Drops heads that are older than the log's age. Called by the reaper.
local function trim_log_by_age()
    local state = redis.call('HMGET', KEY('log'), 'at', 'dropped', 'last')
    if not state[1] then return end
    local oldest = NOW - LIMITS.event_log_max_ms
    local dropped = drop_heads(state[3], tonumber(state[1]), tonumber(state[2]) or 0, function()
        local head = redis.call('XRANGE', KEY('events'), '-', '+', 'COUNT', 1)[1]
        return head ~= nil and tonumber(string.match(head[1], '^%d+')) < oldest
    end, 100)
    redis.call('HSET', KEY('log'), 'dropped', dropped)
end
