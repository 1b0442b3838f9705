-- What can be claimed, in a rotation of the users who have something ready and are under their cap.
--
--   ready:<type>:<user>   sorted set: job -> its place (when it became ready)
--   delayed               sorted set: job -> when it is due
--   rotation:<type>       list of users, next one first      rotating:<type>   set of who stands in it
--   parked                hash: user -> the types in whose rotation the user doesn't stand for the cap, with blanks
--   heads:<type>          sorted set: user -> place of the user's first ready job (for the oldest waiting)
--   credit:<type>         sorted set: worker -> end of its credit      credits:<type>   hash: worker -> slots left
--
-- The list and the set together are cheaper than one sorted set.

local rings = {}
local heads = {} -- type -> user -> place of the first ready job; false: there is none
local nobody_parked = false -- known to be so

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

local function parked_types(user)
    return redis.call('HGET', KEY('parked'), user) or ' '
end

local function park(job_type, user)
    local types = parked_types(user)
    if string.find(types, ' ' .. job_type .. ' ', 1, true) then return end
    redis.call('HSET', KEY('parked'), user, types .. job_type .. ' ')
    nobody_parked = false
end

local function forget_parked(job_type, user)
    local types = parked_types(user)
    local from, to = string.find(types, ' ' .. job_type .. ' ', 1, true)
    if not from then return end
    local rest = string.sub(types, 1, from) .. string.sub(types, to + 1)
    if rest == ' ' then
        redis.call('HDEL', KEY('parked'), user)
    else
        redis.call('HSET', KEY('parked'), user, rest)
    end
end

-- The user's first ready job of the type, as { job, place }; keeps `heads` true to it.
local function refresh_head(job_type, user)
    local first = redis.call('ZRANGE', KEY('ready', job_type, user), 0, 0, 'WITHSCORES')
    local changed = heads[job_type] or {}
    heads[job_type] = changed
    changed[user] = first[2] or false
    return first[2] and first
end

local function write_heads()
    for job_type, changed in pairs(heads) do
        local put, drop = {}, {}
        for user, place in pairs(changed) do
            if place then
                put[#put + 1] = place
                put[#put + 1] = user
            else
                drop[#drop + 1] = user
            end
        end
        call_in_parts('ZADD', KEY('heads', job_type), put)
        call_in_parts('ZREM', KEY('heads', job_type), drop)
    end
    heads = {}
end
at_end[#at_end + 1] = write_heads

-- Whether a ring is due.
local function make_ready(job, place)
    local job_type, user = job.field.type, job.field.user
    set(job, 'since', NOW)
    redis.call('ZADD', KEY('ready', job_type, user), place, job.id)
    refresh_head(job_type, user)
    if at_cap(user) then
        park(job_type, user)
        return false
    end
    enter_rotation(job_type, user)
    return ring(job_type)
end

local function delay(job, due)
    set(job, 'due', due)
    redis.call('ZADD', KEY('delayed'), due, job.id)
end

-- Takes a job out that will not run (it was cancelled).
local function unready(job)
    local job_type, user = job.field.type, job.field.user
    redis.call('ZREM', KEY('ready', job_type, user), job.id)
    if refresh_head(job_type, user) then return end
    forget_parked(job_type, user)
    if redis.call('SREM', KEY('rotating', job_type), user) == 1 then
        redis.call('LREM', KEY('rotation', job_type), 1, user)
    end
end

-- A slot of the user's has become free: back into the rotations that the user had to leave.
local function unpark(user)
    -- Most of the time nobody is parked; asking that once a call is cheaper than asking for each user.
    nobody_parked = nobody_parked or redis.call('EXISTS', KEY('parked')) == 0
    if nobody_parked or at_cap(user) then return end
    local types = parked_types(user)
    redis.call('HDEL', KEY('parked'), user)
    for job_type in string.gmatch(types, '%S+') do
        if redis.call('EXISTS', KEY('ready', job_type, user)) == 1 then
            enter_rotation(job_type, user)
            ring(job_type)
        end
    end
end

-- Since when the first ready job of the type, by its place, has been waiting; nil where none is ready.
local function oldest_since(job_type)
    write_heads()
    local user = redis.call('ZRANGE', KEY('heads', job_type), 0, 0)[1]
    local id = user and redis.call('ZRANGE', KEY('ready', job_type, user), 0, 0)[1]
    return id and tonumber(redis.call('HGET', job_key(id), 'since')) or nil
end

-- The place of a waiting job among its user's of the type, and how many come first, about: one of each user's in turn.
local function standing(job)
    local job_type, user = job.field.type, job.field.user
    local rank = redis.call('ZRANK', KEY('ready', job_type, user), job.id)
    if not rank then return nil end
    local users = redis.call('LLEN', KEY('rotation', job_type))
    if redis.call('SISMEMBER', KEY('rotating', job_type), user) == 0 then users = users + 1 end
    return { position = rank + 1, ahead = users * (rank + 1) - 1 }
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
