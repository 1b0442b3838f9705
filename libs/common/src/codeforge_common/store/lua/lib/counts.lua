-- Counters: how many jobs of a type are in each state, how many of a user wait and run. I5: they equal the indexes.
--
--   counts:<type>   hash: state -> jobs
--   waiting         hash: user -> jobs waiting or delayed        running   hash: user -> jobs active

local function add(key, field, by)
    local now = redis.call('HINCRBY', key, field, by)
    if now <= 0 then redis.call('HDEL', key, field) end
    return now
end

local QUEUED = { [STATUS.waiting] = true, [STATUS.delayed] = true }

-- Counts a job into `status` (nil: it is removed) and out of the one that it was in (nil: it is new).
local function move(job, status)
    local before, user = job.field.status, job.field.user
    if before then add(KEY('counts', job.field.type), before, -1) end
    if status then add(KEY('counts', job.field.type), status, 1) end
    if QUEUED[before] and not QUEUED[status] then add(KEY('waiting'), user, -1) end
    if QUEUED[status] and not QUEUED[before] then add(KEY('waiting'), user, 1) end
    if status then set(job, 'status', status) end
end

local function running_of(user)
    return tonumber(redis.call('HGET', KEY('running'), user)) or 0
end
