-- A job's record for a person, as { record, body, result, error, log, steps }.
--   WHOLE     everything
--   LISTED    a long result abridged
--   UPDATED   what an update shows: no data, a long result abridged, the newest log lines

local WHOLE, LISTED, UPDATED = 1, 2, 3

local function names_of_steps(job)
    local names = {}
    for place, step in ipairs(steps_of(job)) do names[place] = step[1] end
    return names
end

local function describe(id, extent)
    local job = load_job(id)
    if not job then return nil end
    local brief = extent ~= WHOLE and redis.call('GET', job_key(id, ':brief'))
    return {
        record = cmsgpack.pack(job),
        body = extent ~= UPDATED and redis.call('GET', job_key(id, ':body')) or '{}',
        result = brief or redis.call('GET', job_key(id, ':result')) or nil,
        error = redis.call('GET', job_key(id, ':error')) or nil,
        log = redis.call('LRANGE', job_key(id, ':log'), extent == UPDATED and -UPDATE_LOG_LINES or 0, -1),
        steps = extent ~= UPDATED and job[STEPS] and names_of_steps(job) or nil,
    }
end

-- What a described job weighs in an answer, in bytes.
local function weight_of(job, described)
    return #described.body + #(described.result or '') + (job[LOG_BYTES] or 0)
end

-- The rank, newest first, of what follows `after` { created, job } in a user's index; 0 without it. The job may be gone.
local function rank_after(key, after)
    if not after then return 0 end
    local rank = redis.call('ZREVRANK', key, after.job)
    if rank then return rank + 1 end
    return redis.call('ZCOUNT', key, string.format('(%.0f', after.created), '+inf')
        + redis.call('ZCOUNT', key, after.created, after.created)
end

local function may_see(job, caller)
    return job ~= nil and (caller == nil or job[USER] == caller)
end
