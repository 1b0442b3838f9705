-- What can be claimed, in a rotation of the users who have something ready and are under their cap.
--
--   ready:<type>:<user>   sorted set: job -> its place (when it became ready)
--   rotation:<type>       list of users, next one first      rotating:<type>   set of who stands in it
--   parked:<user>         set of types in which the user left the rotation at the running cap
--   heads:<type>          sorted set: user -> place of the user's first ready job (for the oldest waiting)
--   credit:<type>         sorted set: worker -> end of its credit      credits:<type>   hash: worker -> slots left
--
-- The list and the set together are cheaper than one sorted set.

local rings = {}

local function live(stored_end)
    -- A clock may have stepped back: an end is believed only within its lifetime.
    return stored_end > NOW and stored_end <= NOW + HEARTBEAT_MS
end

local function set_credit(worker, job_type, slots)
    if slots > 0 then
        redis.call('ZADD', KEY('credit', job_type), NOW + HEARTBEAT_MS, worker)
        redis.call('HSET', KEY('credits', job_type), worker, slots)
    else
        redis.call('ZREM', KEY('credit', job_type), worker)
        redis.call('HDEL', KEY('credits', job_type), worker)
    end
end

-- Takes one credit of the worker that was heard of last and notes the ring to send. False: every worker is busy.
local function ring(job_type)
    while true do
        local best = redis.call('ZREVRANGE', KEY('credit', job_type), 0, 0, 'WITHSCORES')
        if #best == 0 then return false end
        local worker = best[1]
        if live(tonumber(best[2])) then
            local left = redis.call('HINCRBY', KEY('credits', job_type), worker, -1)
            if left <= 0 then set_credit(worker, job_type, 0) end
            rings[job_type] = (rings[job_type] or 0) + 1
            return true
        end
        set_credit(worker, job_type, 0)
    end
end

local function at_cap(user)
    return LIMITS.user_max_running > 0 and running_of(user) >= LIMITS.user_max_running
end

local function enter_rotation(job_type, user)
    if redis.call('SADD', KEY('rotating', job_type), user) == 1 then
        redis.call('RPUSH', KEY('rotation', job_type), user)
    end
end

local function park(job_type, user)
    redis.call('SADD', KEY('parked', user), job_type)
end

-- The user's first ready job of the type, as { job, place }; keeps `heads` true to it.
local function refresh_head(job_type, user)
    local first = redis.call('ZRANGE', KEY('ready', job_type, user), 0, 0, 'WITHSCORES')
    if #first == 0 then
        redis.call('ZREM', KEY('heads', job_type), user)
        return nil
    end
    redis.call('ZADD', KEY('heads', job_type), first[2], user)
    return first
end

local function make_ready(job, place)
    local job_type, user = job.field.type, job.field.user
    set(job, 'since', NOW)
    redis.call('ZADD', KEY('ready', job_type, user), place, job.id)
    refresh_head(job_type, user)
    if at_cap(user) then
        park(job_type, user)
        return
    end
    enter_rotation(job_type, user)
    ring(job_type)
end

-- Takes a job out that will not run (it was cancelled).
local function unready(job)
    local job_type, user = job.field.type, job.field.user
    redis.call('ZREM', KEY('ready', job_type, user), job.id)
    if refresh_head(job_type, user) then return end
    redis.call('SREM', KEY('parked', user), job_type)
    if redis.call('SREM', KEY('rotating', job_type), user) == 1 then
        redis.call('LREM', KEY('rotation', job_type), 1, user)
    end
end

-- A slot of the user's has become free: back into the rotations that the user had to leave.
local function unpark(user)
    if at_cap(user) then return end
    local types = redis.call('SMEMBERS', KEY('parked', user))
    if #types == 0 then return end
    redis.call('DEL', KEY('parked', user))
    for _, job_type in ipairs(types) do
        if redis.call('EXISTS', KEY('ready', job_type, user)) == 1 then
            enter_rotation(job_type, user)
            ring(job_type)
        end
    end
end

-- The next job of the type: of the user whose turn it is, that user's first. Nil when nobody has one to be claimed.
local function next_ready(job_type)
    while true do
        local user = redis.call('LPOP', KEY('rotation', job_type))
        if not user then return nil end
        if at_cap(user) then
            redis.call('SREM', KEY('rotating', job_type), user)
            park(job_type, user)
        else
            local popped = redis.call('ZPOPMIN', KEY('ready', job_type, user))
            if refresh_head(job_type, user) then
                redis.call('RPUSH', KEY('rotation', job_type), user)
            else
                redis.call('SREM', KEY('rotating', job_type), user)
            end
            local job = popped[1] and load_job(popped[1])
            if job and job.field.status == STATUS.waiting then return job, popped[2] end
        end
    end
end
