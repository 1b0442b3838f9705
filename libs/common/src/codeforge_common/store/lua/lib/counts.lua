-- Counters: how many jobs of a type are in each state, how many of a user wait and run. I5: they equal the indexes.
--
--   counts:<type>   hash: state -> jobs
--   load            hash: user -> jobs active, and QUEUED_ONE for each that is waiting or delayed: one number, as most
--                   calls change both
--
-- Many jobs of a call share a counter, so changes are gathered and written once, at the end of the call.

local QUEUED_ONE = 1000000 -- no user runs as many at the same time
local LOAD = KEY('load')

local counted = {} -- key -> field -> change
local known = {}   -- key -> field -> what is stored

local function add(key, field, by)
    local fields = counted[key]
    if not fields then
        fields = {}
        counted[key] = fields
    end
    fields[field] = (fields[field] or 0) + by
end

local function stored(key, field)
    local fields = known[key]
    if not fields then
        fields = {}
        known[key] = fields
    end
    fields[field] = fields[field] or tonumber(redis.call('HGET', key, field)) or 0
    return fields[field]
end

-- Reads counters that will be asked for, together.
local function foresee(key, names)
    local fields, unknown = known[key] or {}, {}
    known[key] = fields
    for _, name in ipairs(names) do
        if not fields[name] then unknown[#unknown + 1] = name end
    end
    for from = 1, #unknown, MOST_ARGUMENTS do
        local values = redis.call('HMGET', key, unpack(unknown, from, math.min(from + MOST_ARGUMENTS - 1, #unknown)))
        for i, value in ipairs(values) do fields[unknown[from + i - 1]] = tonumber(value) or 0 end
    end
end

-- A counter as it will be at the end of the call.
local function count_of(key, field)
    return stored(key, field) + (counted[key] and counted[key][field] or 0)
end

local function write_counts()
    for key, fields in pairs(counted) do
        local names, write, drop = {}, {}, {}
        for field, by in pairs(fields) do
            if by ~= 0 then names[#names + 1] = field end
        end
        if #names == 1 and not known[key] then
            if redis.call('HINCRBY', key, names[1], fields[names[1]]) <= 0 then redis.call('HDEL', key, names[1]) end
            names = {}
        end
        foresee(key, names)
        for _, field in ipairs(names) do
            local count = known[key][field] + fields[field]
            if count > 0 then
                write[#write + 1] = field
                write[#write + 1] = count
            else
                drop[#drop + 1] = field
            end
        end
        call_in_parts('HSET', key, write)
        call_in_parts('HDEL', key, drop)
    end
    counted, known = {}, {}
end
at_end[#at_end + 1] = write_counts

local QUEUED = { [STATUS.waiting] = true, [STATUS.delayed] = true }

local counts_keys = {} -- type -> key, which a call makes once

-- Counts a job into `status` (nil: it is removed) and out of the one that it was in (nil: it is new).
local function move(job, status)
    local before, user, job_type = job[STATE], job[USER], job[TYPE]
    local counts = counts_keys[job_type] or KEY('counts', job_type)
    counts_keys[job_type] = counts
    if before then add(counts, before, -1) end
    if status then add(counts, status, 1) end
    if QUEUED[before] and not QUEUED[status] then add(LOAD, user, -QUEUED_ONE) end
    if QUEUED[status] and not QUEUED[before] then add(LOAD, user, QUEUED_ONE) end
    job[STATE] = status or false
end

-- Counts runs of the user that begin (1) or end (-1).
local function count_run(user, by)
    add(LOAD, user, by)
end

local function running_of(user)
    return count_of(LOAD, user) % QUEUED_ONE
end

local function queued_of(user)
    return math.floor(count_of(LOAD, user) / QUEUED_ONE)
end
