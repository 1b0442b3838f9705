-- Runs a failed or cancelled job again, under the same id, with its counters from the start.
-- in:  id caller request sealed
-- out: { status, rings{type: n} } or { refused, status }
-- idempotent: yes (the request's id is kept; the same again answers as before)
-- memory: exempt (it adds next to nothing)
-- uses: record log counts ready lease report settle read

local job = load_job(IN.id)
if not may_see(job, IN.caller) then return { refused = 'job_not_found' } end
if job.field.retry_id == IN.request then return { status = job.field.status, rings = rings } end
local status = job.field.status
if status ~= STATUS.failed and status ~= STATUS.cancelled then
    return { refused = 'job_state_conflict', status = status }
end
local secret = job_key(job.id, ':secret')
if IN.sealed then
    redis.call('SET', secret, IN.sealed)
    set(job, 'sealed', '1')
elseif job.field.sealed and redis.call('EXISTS', secret) == 0 then
    return { refused = 'secret_expired', status = status }
end

redis.call('ZREM', KEY('finished'), job.id)
redis.call('PERSIST', secret) -- a job that isn't finished loses nothing to time
clear_error(job)
redis.call('DEL', job_key(job.id, ':result'), job_key(job.id, ':brief'))
for _, name in ipairs({ 'attempts', 'crashes', 'progress', 'stage', 'started_at', 'completed_at', 'cancel', 'score' }) do
    set(job, name, nil)
end
set(job, 'retry_id', IN.request)
raise_token(job)
say(job, 'Retry requested')
move(job, STATUS.waiting)
make_ready(job, NOW)
emit(job)
save(job)
write_log()
return { status = job.field.status, rings = rings }
