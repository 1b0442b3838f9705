-- How a run ends, and how a job comes to rest.
--
--   finished                  sorted set: job -> when its record goes
--   completed:<type>:<user>   sorted set: job -> when it completed, to keep no more than the newest of them
--   delayed                   sorted set: job -> when it is due

local YOUNG_MS = 3600000 -- no completed job younger than this goes because there are many
local MOST_OVER = 16     -- of those over the count, how many one finish looks at

-- Lets the user's oldest completed jobs of the type go (in the reaper's next round) when there are too many.
local function keep_newest(job)
    local key = KEY('completed', job.field.type, job.field.user)
    redis.call('ZADD', key, NOW, job.id)
    local over = redis.call('ZCARD', key) - LIMITS.retention_completed_count
    if over <= 0 then return end
    local old = redis.call('ZRANGEBYSCORE', key, '-inf', NOW - YOUNG_MS, 'LIMIT', 0, math.min(over, MOST_OVER))
    for _, id in ipairs(old) do redis.call('ZADD', KEY('finished'), NOW, id) end
end

local function rest(job, status)
    local keep = status == STATUS.completed and LIMITS.retention_completed_ms or LIMITS.retention_failed_ms
    move(job, status)
    set(job, 'completed_at', NOW)
    emit(job)
    save(job)
    redis.call('ZADD', KEY('finished'), NOW + keep, job.id)
    if status == STATUS.completed then
        keep_newest(job)
        redis.call('DEL', job_key(job.id, ':secret'))
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
    rest(job, STATUS.failed)
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

local function hand_back(job)
    release(job)
    if job.field.cancel then return rest(job, STATUS.cancelled) end
    say(job, 'Handed back, waiting for another worker')
    wait_again(job)
end

local function crash(job)
    release(job)
    set(job, 'crashes', number_of(job, 'crashes') + 1)
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
    set(job, 'progress', nil)
    set(job, 'stage', nil)
    if reason then keep_error(job, reason) end
    if delay_ms > 0 then
        move(job, STATUS.delayed)
        redis.call('ZADD', KEY('delayed'), NOW + delay_ms, job.id)
    else
        move(job, STATUS.waiting)
        make_ready(job, NOW)
    end
    emit(job)
    save(job)
end

local function keep_result(job, outcome)
    if not outcome.result then return end
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
        hand_back(job)
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
