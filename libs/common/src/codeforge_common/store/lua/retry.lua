-- Runs a failed or cancelled job again, under the same id, with its counters from the start. Finished steps are kept,
-- those from `step` on apart.
-- in:  id caller request sealed step
-- out: { status, repeated, rings{type: n} } or { refused, status, steps }
-- idempotent: yes (the request's id is kept; the same again answers as before)
-- memory: exempt (it adds next to nothing)
-- uses: record log counts ready lease timeline steps output report settle read

local job = load_job(IN.id)
if not may_see(job, IN.caller) then return { refused = 'job_not_found' } end
if job[RETRY_ID] == IN.request then return { status = job[STATE], repeated = true, rings = rings } end
local status = job[STATE]
if status ~= STATUS.failed and status ~= STATUS.cancelled then
    return { refused = 'job_state_conflict', status = status }
end
local secret = job_key(job[ID], ':secret')
if job[SEALED] and not IN.sealed and redis.call('EXISTS', secret) == 0 then
    return { refused = 'secret_expired', status = status }
end
if IN.step and not rewind(job, IN.step) then return { refused = 'unknown_step', steps = names_of_steps(job) } end
if IN.sealed then
    redis.call('SET', secret, IN.sealed)
    set(job, SEALED, true)
end
redis.call('ZREM', finished_key(status), job[ID])
keep_secrets(job)
clear_error(job)
redis.call('DEL', job_key(job[ID], ':result'), job_key(job[ID], ':brief'))
note(job, MOMENT.retry_requested, {
    by = IN.caller and cjson.encode(IN.caller),
    reason = IN.step and cjson.encode('From step ' .. IN.step .. ' on.'),
})
remember_end(job)
for _, field in ipairs({ ATTEMPTS, STARTED_AT, PROGRESS, COMPLETED_AT, STAGE, CANCEL, CRASHES }) do
    set(job, field, nil)
end
set(job, RETRY_ID, IN.request)
raise_token(job)
say(job, 'Retry requested' .. (IN.caller and ' by ' .. IN.caller or '') .. (IN.step and ', from step ' .. IN.step or ''))
move(job, STATUS.waiting)
make_ready(job, place_of(job))
emit(job)
return { status = job[STATE], repeated = false, rings = rings }
