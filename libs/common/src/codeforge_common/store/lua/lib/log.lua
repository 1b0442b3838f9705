-- The event log: one entry for all updates of a script call, in the order in which they happened.
--
--   events   stream of entries n, at, e: e holds the updates, packed; each is a packed record, or an array of one and
--            what stands beside it (see event_log/entry.py, which makes the `job:update` of it)
--   log      hash: n (entries so far), at (bytes so far), dropped (bytes of the entries that were dropped), last (id)

local ENTRY_OVERHEAD = 64 -- what the stream keeps of an entry besides its updates, roughly
local MAX_DROPS = 16      -- heads dropped in one call at most, so that a call's time is bounded

local updates = {}

-- What an update shows beside the record: the newest log lines, the error and the result, as JSON; nil where there is
-- nothing of it.
local function beside(job, result)
    if not (job[LOG_BYTES] or job[ERROR] or result) then return nil end
    local id = job[ID]
    local lines = job[LOG_BYTES] and redis.call('LRANGE', job_key(id, ':log'), -UPDATE_LOG_LINES, -1)
    local failure = job[ERROR] and redis.call('GET', job_key(id, ':error'))
    return { lines and table.concat(lines, ',') or false, failure or false, result or false }
end

-- Counts the change, saves the record and remembers the update for the entry that `write_log` appends at the end of
-- the call. Returns the record as it is saved.
local function emit(job, result)
    job[SEQ] = job[SEQ] + 1
    job[UPDATED_AT] = NOW
    local record, more = save(job), beside(job, result)
    if more then table.insert(more, 1, record) end
    updates[#updates + 1] = more or record
    return record
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
