-- How a run ends, and how a job comes to rest.
--
--   finished:<completed|failed>   sorted set: job -> when it came to rest (0: its record may go); cancelled jobs are
--                             kept as long as failed ones
--   completed:<type>:<user>   sorted set: job -> when it completed, to keep no more than the newest of them

local YOUNG_MS = 3600000 -- no completed job younger than this goes because there are many
local MOST_OVER = 16     -- of those over the count, how many one finish looks at

-- Lets the user's oldest completed jobs of the type go (in the reaper's next round) when there are too many.
local function keep_newest(job)
    local key = KEY('completed', job.field.type, job.field.user)
    redis.call('ZADD', key, NOW, job.id)
    local over = redis.call('ZCARD', key) - LIMITS.retention_completed_count
    if over <= 0 then return end
    local old = redis.call('ZRANGEBYSCORE', key, '-inf', NOW - YOUNG_MS, 'LIMIT', 0, math.min(over, MOST_OVER))
    for _, id in ipairs(old) do redis.call('ZADD', KEY('finished', STATUS.completed), 0, id) end
end

local at_rest = {} -- key -> pairs for ZADD

local function write_finished()
    for key, jobs in pairs(at_rest) do call_in_parts('ZADD', key, jobs) end
    at_rest = {}
end
at_end[#at_end + 1] = write_finished

local function finished_key(status)
    return KEY('finished', status == STATUS.completed and status or STATUS.failed)
end

local function rest(job, status, reason)
    if status ~= STATUS.completed then
        note(job, status == STATUS.failed and MOMENT.failed or MOMENT.cancelled, { reason = reason })
    end
    move(job, status)
    set(job, 'completed_at', NOW)
    emit(job)
    save(job)
    local finished = at_rest[finished_key(status)] or {}
    at_rest[finished_key(status)] = finished
    finished[#finished + 1] = NOW
    finished[#finished + 1] = job.id
    if status == STATUS.completed then
        keep_newest(job)
        if job.field.sealed then redis.call('DEL', job_key(job.id, ':secret')) end
    elseif job.field.sealed then
        redis.call('PEXPIRE', job_key(job.id, ':secret'), LIMITS.secrets_retry_ms)
    end
end

local function keep_error(job, reason)
    redis.call('SET', job_key(job.id, ':error'), reason)
    set(job, 'error', '1')
end

local function fail(job, reason)
    keep_error(job, reason)
    rest(job, STATUS.failed, reason)
end

-- Back among the waiting, at the place that the job had among its user's.
local function wait_again(job)
    raise_token(job)
    set(job, 'attempts', number_of(job, 'attempts') - 1)
    set(job, 'progress', nil)
    set(job, 'stage', nil)
    move(job, STATUS.waiting)
    make_ready(job, job.field.score)
    emit(job)
    save(job)
end

local function hand_back(job, reason)
    release(job)
    note(job, MOMENT.handed_back, { reason = reason })
    if job.field.cancel then return rest(job, STATUS.cancelled) end
    say(job, 'Handed back, waiting for another worker')
    wait_again(job)
end

local function crash(job)
    release(job)
    set(job, 'crashes', number_of(job, 'crashes') + 1)
    note(job, MOMENT.crashed, { reason = '"The lease ran out: the worker was not heard of in time."' })
    if job.field.cancel then return rest(job, STATUS.cancelled) end
    local crashes = number_of(job, 'crashes')
    if crashes >= LIMITS.max_crashes then
        local reason = string.format('poison: the worker was lost %d times while it ran this job', crashes)
        say(job, 'Worker lost, giving up')
        return fail(job, cjson.encode(reason))
    end
    say(job, CRASH_LINE)
    wait_again(job)
end

local function retry_later(job, reason, delay_ms)
    local why = reason and ': ' .. cjson.decode('[' .. reason .. ']')[1] or ''
    local when = delay_ms > 0 and string.format('in %.1f s', delay_ms / 1000) or 'at once'
    say(job, string.format('Attempt %s of %s failed, the next one follows %s', job.field.attempts,
        job.field.attempts_max, when) .. why)
    note(job, MOMENT.retry_scheduled, { reason = reason, due = string.format('%.0f', NOW + delay_ms) })
    set(job, 'progress', nil)
    set(job, 'stage', nil)
    if reason then keep_error(job, reason) end
    if delay_ms > 0 then
        move(job, STATUS.delayed)
        delay(job, NOW + delay_ms)
    else
        move(job, STATUS.waiting)
        make_ready(job, place_of(job))
    end
    emit(job)
    save(job)
end

local function keep_result(job, outcome)
    if not outcome.result or outcome.result == 'null' then return end
    redis.call('SET', job_key(job.id, ':result'), outcome.result)
    if outcome.abridged then redis.call('SET', job_key(job.id, ':brief'), outcome.abridged) end
    job.result = outcome.abridged or outcome.result
end

local function settle(worker, outcome)
    local job = load_job(outcome.job)
    if not job then return { VERDICT.gone } end
    if not holds(job, worker, outcome.token) then
        local done = job.field.ended == string.format('%.0f %s', outcome.token, worker)
        return { done and VERDICT.done or VERDICT.fenced, job.field.status }
    end
    for _, report in ipairs(outcome.reports) do take_report(job, report) end
    if outcome.kind == OUTCOME.handed_back then
        hand_back(job, outcome.reason)
        return { VERDICT.held, job.field.status }
    end
    release(job)
    if job.field.cancel or outcome.kind == OUTCOME.cancelled then
        keep_result(job, outcome)
        rest(job, STATUS.cancelled)
    elseif outcome.kind == OUTCOME.completed then
        keep_result(job, outcome)
        set(job, 'progress', 100)
        rest(job, STATUS.completed)
    elseif outcome.kind == OUTCOME.retry and number_of(job, 'attempts') < number_of(job, 'attempts_max') then
        retry_later(job, outcome.reason, outcome.delay)
    else
        keep_result(job, outcome)
        fail(job, outcome.reason or cjson.encode('the job failed'))
    end
    return { VERDICT.held, job.field.status }
end
