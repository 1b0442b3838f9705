-- A job's record and the strings beside it.
--
--   job:<id>         hash: type user session status seq token attempts attempts_max crashes created_at updated_at
--                    since due priority started_at completed_at progress stage worker lease score number ended cancel
--                    sealed head logbytes output output_kept steps noted forgotten error (there is one) traceparent
--                    retry_id. Values are short (a hash of values up to 64 bytes takes a third of the memory); a field
--                    that would hold its default is left out.
--   job:<id>:body    the fixed part of every update (JSON members, `head` bytes long), a line feed, then the data
--   job:<id>:log     list of log lines, each as JSON
--   job:<id>:error   the last failure, JSON     job:<id>:result, :brief   the result and its abridged form, JSON
--   job:<id>:secret  the sealed secrets     job:<id>:steps, :output, :timeline   see the files of these names
--
-- `stage` and whatever else came from a worker as text is kept as JSON, so that an update is put together without
-- encoding anything again.

local PARTS = { '', ':body', ':log', ':error', ':result', ':brief', ':secret', ':steps', ':output', ':timeline' }

local JOB = KEY('job') .. ':'

local MOST_ARGUMENTS = 1000 -- arguments of one command: Lua's stack is bounded

-- Calls a command that takes any number of values (or pairs), with all of them.
local function call_in_parts(command, key, values)
    for from = 1, #values, MOST_ARGUMENTS do
        redis.call(command, key, unpack(values, from, math.min(from + MOST_ARGUMENTS - 1, #values)))
    end
end

local function job_key(id, part)
    return JOB .. id .. (part or '')
end

local function load_job(id)
    local flat = redis.call('HGETALL', job_key(id))
    if #flat == 0 then return nil end
    local field = {}
    for i = 1, #flat, 2 do field[flat[i]] = flat[i + 1] end
    return { id = id, field = field, write = {}, drop = {} }
end

local function new_job(id)
    return { id = id, field = {}, write = {}, drop = {} }
end

local function number_of(job, name)
    return tonumber(job.field[name]) or 0
end

local function set(job, name, value)
    if value == nil then
        if job.field[name] == nil then return end
        job.drop[#job.drop + 1] = name
    else
        if value == NOW then
            value = NOW_TEXT
        elseif type(value) == 'number' then
            value = string.format('%d', value)
        end
        job.write[#job.write + 1] = name
        job.write[#job.write + 1] = value
    end
    job.field[name] = value
end

local function save(job)
    local write, drop = job.write, {}
    for _, name in ipairs(job.drop) do
        if job.field[name] == nil then drop[#drop + 1] = name end
    end
    if #write > 0 then redis.call('HSET', job_key(job.id), unpack(write)) end
    if #drop > 0 then redis.call('HDEL', job_key(job.id), unpack(drop)) end
    job.write, job.drop = {}, {}
end

local function remove(job)
    local keys = {}
    for i, part in ipairs(PARTS) do keys[i] = job_key(job.id, part) end
    redis.call('DEL', unpack(keys))
end

-- The job's place among its user's: when it came, less its head start.
local function place_of(job)
    return NOW - 1000 * number_of(job, 'priority')
end

-- The fixed members of an update. The body stays at hand, as a call often needs it twice.
local function head_of(job)
    local bytes = number_of(job, 'head')
    if job.body then return string.sub(job.body, 1, bytes) end
    return redis.call('GETRANGE', job_key(job.id, ':body'), 0, bytes - 1)
end

-- Forgets the failure of an earlier attempt.
local function clear_error(job)
    if not job.field.error then return end
    redis.call('DEL', job_key(job.id, ':error'))
    set(job, 'error', nil)
end

-- A token only grows, and never below the clock: a store that went back in time can't give one out twice.
local function raise_token(job)
    set(job, 'token', math.max(number_of(job, 'token') + 1, NOW))
end

-- Appends finished log lines (JSON) and drops the oldest over the limits.
local function append_lines(job, lines)
    if #lines == 0 then return end
    local key = job_key(job.id, ':log')
    local bytes = number_of(job, 'logbytes')
    for _, line in ipairs(lines) do bytes = bytes + #line end
    for from = 1, #lines, 500 do
        redis.call('RPUSH', key, unpack(lines, from, math.min(from + 499, #lines)))
    end
    local count = redis.call('LLEN', key)
    while count > LIMITS.log_max_lines or bytes > LIMITS.log_max_bytes do
        local oldest = redis.call('LPOP', key)
        if not oldest then break end
        bytes = bytes - #oldest
        count = count - 1
    end
    set(job, 'logbytes', bytes)
end

-- A line of the store's own in the job's log.
local function say(job, text)
    local seconds = math.floor(NOW / 1000) % 86400
    local clock = string.format('[%02d:%02d:%02d] ', math.floor(seconds / 3600), math.floor(seconds / 60) % 60, seconds % 60)
    append_lines(job, { cjson.encode(clock .. text) })
end
