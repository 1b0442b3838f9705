-- A job's record and the strings beside it.
--
--   job:<id>         the record: a packed array; which field stands at which place is said in record.py. A job in a
--                    script is that array: `job[STATE]`. A place without a value holds false, or lies beyond the end.
--   job:<id>:body    the job's data, JSON
--   job:<id>:log     list of log lines, each as JSON
--   job:<id>:error   the last failure, JSON     job:<id>:result, :brief   the result and its abridged form, JSON
--   job:<id>:secret  the sealed secrets     job:<id>:steps, :private, :output, :timeline   see lib/
--
-- A call reads a record once and writes it once, at its end, together with all others.

local PARTS =
    { '', ':body', ':log', ':error', ':result', ':brief', ':secret', ':steps', ':private', ':output', ':timeline' }

local JOB = KEY('job') .. ':'

local MOST_ARGUMENTS = 1000 -- arguments of one command: Lua's stack is bounded

local loaded = {} -- id -> job (false: there is none), with what this call has changed
local saved = {}  -- id -> the record, packed, that will be written

-- Calls a command that takes any number of values (or pairs), with all of them.
local function call_in_parts(command, key, values)
    for from = 1, #values, MOST_ARGUMENTS do
        redis.call(command, key, unpack(values, from, math.min(from + MOST_ARGUMENTS - 1, #values)))
    end
end

local function job_key(id, part)
    return JOB .. id .. (part or '')
end

-- The strings of several jobs' keys, in order; false where there is none.
local function read_all(ids, part)
    local found = {}
    for from = 1, #ids, MOST_ARGUMENTS do
        local keys = {}
        for at = from, math.min(from + MOST_ARGUMENTS - 1, #ids) do keys[#keys + 1] = job_key(ids[at], part) end
        for i, value in ipairs(redis.call('MGET', unpack(keys))) do found[from + i - 1] = value end
    end
    return found
end

-- A record from its bytes; false where there is none, and where they are no record of this job: who reads it goes on.
local function parse(id, record)
    if not record then return false end
    local sound, job = pcall(cmsgpack.unpack, record)
    return sound and type(job) == 'table' and job[ID] == id and job[STATE] and job
end

-- Reads records that will be asked for, together.
local function foresee_jobs(ids)
    for at, record in ipairs(read_all(ids)) do
        local id = ids[at]
        if loaded[id] == nil then loaded[id] = parse(id, record) end
    end
end

local function load_job(id)
    local job = loaded[id]
    if job == nil then
        job = parse(id, redis.call('GET', job_key(id)))
        loaded[id] = job
    end
    return job or nil
end

-- A job that this call creates, with the first of its fields.
local function new_job(id, ...)
    loaded[id] = { id, ... }
    return loaded[id]
end

local function set(job, field, value)
    for hole = #job + 1, field - 1 do job[hole] = false end
    job[field] = value or false
end

-- The record as it is now; that is also what will be written.
local function save(job)
    local record = cmsgpack.pack(job)
    saved[job[ID]] = record
    return record
end

local function write_records()
    local pairs_of = {}
    for id, record in pairs(saved) do
        pairs_of[#pairs_of + 1] = job_key(id)
        pairs_of[#pairs_of + 1] = record
    end
    for from = 1, #pairs_of, MOST_ARGUMENTS do
        redis.call('MSET', unpack(pairs_of, from, math.min(from + MOST_ARGUMENTS - 1, #pairs_of)))
    end
    loaded, saved = {}, {}
end
at_end[#at_end + 1] = write_records

local function remove(id)
    local keys = {}
    for i, part in ipairs(PARTS) do keys[i] = job_key(id, part) end
    redis.call('DEL', unpack(keys))
    loaded[id], saved[id] = false, nil
end

-- The job's place among its user's: when it came, less its head start.
local function place_of(job)
    return NOW - 1000 * (job[PRIORITY] or 0)
end

-- Forgets the failure of an earlier attempt.
local function clear_error(job)
    if not job[ERROR] then return end
    redis.call('DEL', job_key(job[ID], ':error'))
    job[ERROR] = false
end

-- A token only grows, and never below the clock: a store that went back in time can't give one out twice.
local function raise_token(job)
    set(job, TOKEN, math.max((job[TOKEN] or 0) + 1, NOW))
end

-- Appends finished log lines (JSON) and drops the oldest over the limits.
local function append_lines(job, lines)
    if #lines == 0 then return end
    local key = job_key(job[ID], ':log')
    local bytes = job[LOG_BYTES] or 0
    for _, line in ipairs(lines) do bytes = bytes + #line end
    call_in_parts('RPUSH', key, lines)
    local count, over = redis.call('LLEN', key), 0
    while count - over > LIMITS.log_max_lines or bytes > LIMITS.log_max_bytes do
        local oldest = redis.call('LRANGE', key, over, over + 99)
        if #oldest == 0 then break end
        for _, line in ipairs(oldest) do
            if count - over <= LIMITS.log_max_lines and bytes <= LIMITS.log_max_bytes then break end
            bytes, over = bytes - #line, over + 1
        end
    end
    if over > 0 then redis.call('LTRIM', key, over, -1) end
    set(job, LOG_BYTES, bytes)
end

-- A line of the store's own in the job's log.
local function say(job, text)
    local seconds = math.floor(NOW / 1000) % 86400
    local clock = string.format('[%02d:%02d:%02d] ', math.floor(seconds / 3600), math.floor(seconds / 60) % 60, seconds % 60)
    append_lines(job, { cjson.encode(clock .. text) })
end
