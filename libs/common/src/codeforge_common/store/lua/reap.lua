-- One round of rescue, called by every process once a second: whoever comes within half a second of another does
-- nothing. Bounded; `more` says that there is more to do.
--   reaped_at   when the last round was      swept_at   when the last sweep began      pressure   see memory.lua
-- in:  again (this call follows an answer with `more`)
-- out: { skipped, more, promoted, crashed{type: n}, ended{type: {status: n}}, removed, sweep, rings{type: n} }
-- idempotent: yes (a round does what is due)
-- memory: exempt (it is what frees memory)
-- uses: record log counts ready lease timeline output report settle memory

local APART_MS = 500
local BLIND_MS = 2000 -- longer without a round means that nobody could renew either
local FORGET_TYPE_MS = 7 * 86400 * 1000
local ROUND = 64      -- jobs handled in one call, so that none holds the server up for more than some milliseconds

local reaped_at = tonumber(redis.call('GET', KEY('reaped_at')))
local gap = reaped_at and NOW - reaped_at
if gap and gap >= 0 and gap < APART_MS and not IN.again then return { skipped = true } end
redis.call('SET', KEY('reaped_at'), string.format('%.0f', NOW))

if not gap or gap < 0 or gap > BLIND_MS then
    -- An outage, a restart, a clock that stepped back: living workers get their leases' time again before any is taken.
    local leases = redis.call('ZRANGE', KEY('leases'), 0, -1, 'WITHSCORES')
    local fresh, later = NOW + LIMITS.lease_ms, {}
    for i = 1, #leases, 2 do
        local ends = tonumber(leases[i + 1])
        if gap and gap > 0 then
            ends = math.max(ends, math.min(ends + gap, fresh))
        else
            local job = load_job(leases[i])
            ends = job and job[LEASE] and NOW + job[LEASE] or fresh
        end
        later[i], later[i + 1] = ends, leases[i]
    end
    call_in_parts('ZADD', KEY('leases'), later)
    return { skipped = false, more = true, promoted = 0, crashed = {}, ended = {}, removed = 0, sweep = false, rings = rings }
end

local more, left = false, ROUND

-- Calls `handle(id)` for the members of `key` up to `upto`, lowest first, as far as the round goes. How many it did.
local function each_due(key, upto, handle)
    local ids = redis.call('ZRANGEBYSCORE', key, '-inf', upto, 'LIMIT', 0, left + 1)
    local done = math.min(#ids, left)
    for i = 1, done do handle(ids[i]) end
    left = left - done
    more = more or #ids > done
    return done
end

local crashed = {}
each_due(KEY('leases'), NOW, function(id)
    local job = load_job(id)
    if job and job[STATE] == STATUS.active then
        crashed[job[TYPE]] = (crashed[job[TYPE]] or 0) + 1
        crash(job)
    else
        redis.call('ZREM', KEY('leases'), id)
    end
end)

local promoted = each_due(KEY('delayed'), NOW, function(id)
    redis.call('ZREM', KEY('delayed'), id)
    local job = load_job(id)
    if job and job[STATE] == STATUS.delayed then
        note(job, MOMENT.due)
        set(job, DUE, nil)
        move(job, STATUS.waiting)
        make_ready(job, place_of(job))
        emit(job)
    end
end)

-- Work that can be claimed, a worker with credit, and nobody rang: the ring was lost or there was no credit then.
local types = redis.call('HKEYS', KEY('types'))
for _, job_type in ipairs(types) do
    for _ = (rings[job_type] or 0) + 1, math.min(redis.call('LLEN', KEY('rotation', job_type)), ROUND) do
        if not ring(job_type) then break end
    end
    redis.call('ZREMRANGEBYSCORE', KEY('serving', job_type), '-inf', NOW)
end
redis.call('ZREMRANGEBYSCORE', KEY('workers'), '-inf', NOW)

local function forget(key)
    return function(id)
        redis.call('ZREM', key, id)
        local job = load_job(id)
        if not job then return end
        if job[STATE] == STATUS.completed then
            redis.call('LREM', KEY('completed', job[TYPE], job[USER]), 1, id) -- near the head, as the oldest go
        end
        redis.call('ZREM', KEY('jobs', job[USER]), id)
        move(job, nil)
        remove(id)
    end
end

local removed = 0
local keeps = { [STATUS.completed] = LIMITS.retention_completed_ms, [STATUS.failed] = LIMITS.retention_failed_ms }
for status, keep in pairs(keeps) do
    local key = KEY('finished', status)
    removed = removed + each_due(key, NOW - keep, forget(key))
end

-- Too little memory is left: what finished first goes, whatever its age.
while look_at_memory() do
    local key, id = oldest_finished()
    if not key then break end
    if left == 0 then
        more = true
        break
    end
    forget(key)(id)
    removed, left = removed + 1, left - 1
end

-- A type that no worker has served for a week and that has no job is forgotten.
write_counts()
for _, job_type in ipairs(types) do
    if redis.call('EXISTS', KEY('serving', job_type)) == 1 or redis.call('EXISTS', KEY('counts', job_type)) == 1 then
        redis.call('HSET', KEY('served_at'), job_type, NOW)
    elseif NOW - (tonumber(redis.call('HGET', KEY('served_at'), job_type)) or NOW) > FORGET_TYPE_MS then
        redis.call('HDEL', KEY('types'), job_type)
        redis.call('HDEL', KEY('digests'), job_type)
        redis.call('HDEL', KEY('served_at'), job_type)
        redis.call('DEL', KEY('credit', job_type), KEY('credits', job_type))
    end
end

local swept_at = tonumber(redis.call('GET', KEY('swept_at')))
local sweep = swept_at ~= nil and math.abs(NOW - swept_at) >= LIMITS.sweep_ms
if sweep or not swept_at then redis.call('SET', KEY('swept_at'), string.format('%.0f', NOW)) end

write_log()
trim_log_by_age()
return {
    skipped = false,
    more = more,
    promoted = promoted,
    crashed = crashed,
    ended = ended,
    removed = removed,
    sweep = sweep,
    rings = rings,
}
