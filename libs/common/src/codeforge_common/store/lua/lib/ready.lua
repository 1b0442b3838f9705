-- What can be claimed, in a rotation of the users who have something ready and are under their cap.
--
--   ready:<type>:<user>   sorted set: job -> its place (when it became ready)
--   delayed               sorted set: job -> when it is due
--   rotation:<type>       list of users, next one first      rotating:<type>   set of who stands in it
--   parked                hash: user -> the types in whose rotation the user doesn't stand for the cap, with blanks
--   credit:<type>         sorted set: worker -> end of its credit      credits:<type>   hash: worker -> slots left
--
-- The list and the set together are cheaper than one sorted set.

local rings = {}
local nobody_parked = false -- known to be so

local LOOK_AT = 1000 -- users, and jobs of a user, that are looked at for the oldest waiting

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

-- Whether a ring is due.
local function make_ready(job, place)
    local job_type, user = job[TYPE], job[USER]
    set(job, SINCE, NOW)
    set(job, PLACE, place)
    redis.call('ZADD', KEY('ready', job_type, user), place, job[ID])
    if at_cap(user) then
        park(job_type, user)
        return false
    end
    enter_rotation(job_type, user)
    return ring(job_type)
end

local function delay(job, due)
    set(job, DUE, due)
    redis.call('ZADD', KEY('delayed'), due, job[ID])
end

-- Takes a job out that will not run (it was cancelled).
local function unready(job)
    local job_type, user = job[TYPE], job[USER]
    local ready = KEY('ready', job_type, user)
    redis.call('ZREM', ready, job[ID])
    if redis.call('EXISTS', ready) == 1 then return end
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

-- Since when the job that has been ready for the longest time has been so; nil where none is. Of a type with more users
-- than it looks at, those whose turn is next are asked.
local function oldest_since(job_type)
    local oldest = nil
    local function look_at(user)
        local ready = KEY('ready', job_type, user)
        -- A head start moves a job before older ones, so the first isn't always the oldest; but none is older than its
        -- place, and so nobody behind a place that is younger than the oldest so far.
        for rank = 0, LOOK_AT - 1 do
            local found = redis.call('ZRANGE', ready, rank, rank, 'WITHSCORES')
            if not found[1] or oldest and tonumber(found[2]) >= oldest then return end
            local job = load_job(found[1])
            if job and job[SINCE] then oldest = math.min(oldest or job[SINCE], job[SINCE]) end
        end
    end
    for _, user in ipairs(redis.call('LRANGE', KEY('rotation', job_type), 0, LOOK_AT - 1)) do look_at(user) end
    local parked = redis.call('HSCAN', KEY('parked'), 0, 'COUNT', LOOK_AT)[2]
    for i = 1, #parked, 2 do
        if string.find(parked[i + 1], ' ' .. job_type .. ' ', 1, true) then look_at(parked[i]) end
    end
    return oldest
end

-- The place of a waiting job among its user's of the type, and how many come first, about: one of each user's in turn.
local function standing(job)
    local job_type, user = job[TYPE], job[USER]
    local rank = redis.call('ZRANK', KEY('ready', job_type, user), job[ID])
    if not rank then return nil end
    local users = redis.call('LLEN', KEY('rotation', job_type))
    if redis.call('SISMEMBER', KEY('rotating', job_type), user) == 0 then users = users + 1 end
    return { position = rank + 1, ahead = users * (rank + 1) - 1 }
end

-- The next jobs of the type, at most `most`: the first of each user whose turn it is. Empty: nobody has one to be
-- claimed.
local function next_ready(job_type, most)
    local rotation, ready = KEY('rotation', job_type), KEY('ready', job_type) .. ':'
    local ids, again, gone = {}, {}, {}
    while #ids == 0 do
        local users = redis.call('LPOP', rotation, most)
        if not users then break end
        foresee(LOAD, users)
        for _, user in ipairs(users) do
            if at_cap(user) then
                gone[#gone + 1] = user
                park(job_type, user)
            else
                local key = ready .. user
                ids[#ids + 1] = redis.call('ZPOPMIN', key)[1]
                local list = redis.call('EXISTS', key) == 1 and again or gone
                list[#list + 1] = user
            end
        end
    end
    call_in_parts('RPUSH', rotation, again)
    call_in_parts('SREM', KEY('rotating', job_type), gone)
    return ids
end
