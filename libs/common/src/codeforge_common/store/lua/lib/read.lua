-- A job's record for a person, as { field, body, result, truncated, error, log }.

local function describe(id, whole)
    local job = load_job(id)
    if not job then return nil end
    local brief = not whole and redis.call('GET', job_key(id, ':brief'))
    return {
        id = id,
        field = job.field,
        body = redis.call('GET', job_key(id, ':body')) or '',
        result = brief or redis.call('GET', job_key(id, ':result')) or nil,
        error = redis.call('GET', job_key(id, ':error')) or nil,
        log = redis.call('LRANGE', job_key(id, ':log'), 0, -1),
    }
end

local function may_see(job, caller)
    return job ~= nil and (caller == nil or job.field.user == caller)
end
