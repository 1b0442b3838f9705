-- How a run ends, and how a job comes to rest.
--
--   finished:<completed|failed>   sorted set: job -> when it came to rest (0: its record may go); cancelled jobs are
--                             kept as long as failed ones
--   completed:<type>:<user>   list of jobs in the order in which they completed, to keep no more than the newest of them

local YOUNG_MS = 3600000 -- no completed job younger than this goes because there are many
local MOST_OVER = 16     -- of those over the count, how many one finish looks at

-- Lets the user's oldest completed jobs of the type go (in the reaper's next round) when there are too many.
local function keep_newest(job)
    local key = KEY('completed', job[TYPE], job[USER])
    local over = redis.call('RPUSH', key, job[ID]) - LIMITS.retention_completed_count
    if over <= 0 then return end
    for _, id in ipairs(redis.call('LRANGE', key, 0, math.min(over, MOST_OVER) - 1)) do
        local old = load_job(id)
        if old and old[COMPLETED_AT] > NOW - YOUNG_MS then break end -- and all that follow are younger
        redis.call('ZADD', KEY('finished', STATUS.completed), 0, id)
    end
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

-- What has a secret's lifetime: it goes when the job completes, and some time after any other end.
local SECRETS = { [':secret'] = SEALED, [':private'] = PRIVATE } -- part -> the mark of a job that has it

local function let_secrets_go(job)
    if not (job[SEALED] or job[PRIVATE]) then return end -- as with most
    for part, mark in pairs(SECRETS) do
        if job[mark] and job[STATE] == STATUS.completed then
            redis.call('DEL', job_key(job[ID], part))
        elseif job[mark] then
            redis.call('PEXPIRE', job_key(job[ID], part), LIMITS.secrets_retry_ms)
        end
    end
end

-- A job that isn't finished loses nothing to time.
local function keep_secrets(job)
    for part, mark in pairs(SECRETS) do
        if job[mark] then redis.call('PERSIST', job_key(job[ID], part)) end
    end
end

local function rest(job, status, result, reason)
    if status ~= STATUS.completed then
        note(job, status == STATUS.failed and MOMENT.failed or MOMENT.cancelled, { reason = reason })
    end
    move(job, status)
    set(job, COMPLETED_AT, NOW)
    emit(job, result)
    local key = finished_key(status)
    local finished = at_rest[key] or {}
    at_rest[key] = finished
    finished[#finished + 1] = NOW_TEXT
    finished[#finished + 1] = job[ID]
    if status == STATUS.completed then keep_newest(job) end
    let_secrets_go(job)
end

local function keep_error(job, reason)
    redis.call('SET', job_key(job[ID], ':error'), reason)
    set(job, ERROR, true)
end

local function fail(job, result, reason)
    keep_error(job, reason)
    rest(job, STATUS.failed, result, reason)
end

-- Back among the waiting, at the place that the job had among its user's. The attempt doesn't count.
local function wait_again(job)
    raise_token(job)
    set(job, ATTEMPTS, job[ATTEMPTS] - 1)
    set(job, PROGRESS, nil)
    set(job, STAGE, nil)
    move(job, STATUS.waiting)
    make_ready(job, job[PLACE])
    emit(job)
end

local function hand_back(job, reason)
    release(job)
    note(job, MOMENT.handed_back, { reason = reason })
    if job[CANCEL] then return rest(job, STATUS.cancelled) end
    remember_end(job)
    say(job, 'Handed back, waiting for another worker')
    wait_again(job)
end

local ended = {} -- type -> state -> jobs that came to rest with no word of their worker, for whoever asked to count

local function count_end(job)
    local of_type = ended[job[TYPE]] or {}
    ended[job[TYPE]] = of_type
    of_type[job[STATE]] = (of_type[job[STATE]] or 0) + 1
end

local function crash(job)
    release(job)
    set(job, CRASHES, (job[CRASHES] or 0) + 1)
    note(job, MOMENT.crashed, { reason = '"The lease ran out: the worker was not heard of in time."' })
    set(job, WORKER, nil) -- it didn't end the run, and what it may still say of it comes too late
    if job[CANCEL] then
        rest(job, STATUS.cancelled)
        return count_end(job)
    end
    if job[CRASHES] >= LIMITS.max_crashes then
        local reason = string.format('poison: the worker was lost %d times while it ran this job', job[CRASHES])
        say(job, 'Worker lost, giving up')
        set(job, ATTEMPTS, job[ATTEMPTS] - 1)
        fail(job, nil, cjson.encode(reason))
        return count_end(job)
    end
    say(job, CRASH_LINE)
    wait_again(job)
end

local function retry_later(job, reason, delay_ms)
    local why = reason and ': ' .. cjson.decode('[' .. reason .. ']')[1] or ''
    local when = delay_ms > 0 and string.format('in %.1f s', delay_ms / 1000) or 'at once'
    say(job, string.format('Attempt %d of %d failed, the next one follows %s', job[ATTEMPTS], job[ATTEMPTS_MAX], when) .. why)
    note(job, MOMENT.retry_scheduled, { reason = reason, due = string.format('%.0f', NOW + delay_ms) })
    set(job, PROGRESS, nil)
    set(job, STAGE, nil)
    if reason then keep_error(job, reason) end
    if delay_ms > 0 then
        move(job, STATUS.delayed)
        delay(job, NOW + delay_ms)
    else
        move(job, STATUS.waiting)
        make_ready(job, place_of(job))
    end
    emit(job)
end

-- Keeps a result, and returns what updates show of it.
local function keep_result(job, result, abridged)
    if not result or result == 'null' then return nil end
    redis.call('SET', job_key(job[ID], ':result'), result)
    if abridged then redis.call('SET', job_key(job[ID], ':brief'), abridged) end
    return abridged or result
end

-- Takes one outcome { job, token, kind, result, abridged, reason, delay, reports }. What the worker is told, and the
-- state that the job is in then.
local function settle(worker, outcome)
    local job, token, kind = load_job(outcome[1]), outcome[2], outcome[3]
    if not job then return VERDICT.gone, false end
    if not holds(job, worker, token) then
        return has_ended(job, worker, token) and VERDICT.done or VERDICT.fenced, job[STATE]
    end
    for _, report in ipairs(outcome[8] or {}) do take_report(job, report) end
    if kind == OUTCOME.handed_back then
        hand_back(job, outcome[6])
        return VERDICT.held, job[STATE]
    end
    release(job)
    if kind == OUTCOME.completed and not job[CANCEL] then
        local result = keep_result(job, outcome[4], outcome[5])
        set(job, PROGRESS, 100)
        rest(job, STATUS.completed, result)
    elseif job[CANCEL] or kind == OUTCOME.cancelled then
        rest(job, STATUS.cancelled, keep_result(job, outcome[4], outcome[5]))
    elseif kind == OUTCOME.retry and job[ATTEMPTS] < job[ATTEMPTS_MAX] then
        retry_later(job, outcome[6], outcome[7] or 0)
    else
        fail(job, keep_result(job, outcome[4], outcome[5]), outcome[6] or cjson.encode('the job failed'))
    end
    return VERDICT.held, job[STATE]
end

-- Takes outcomes; { verdict, state } of each, one after the other.
local function settle_all(worker, outcomes)
    local ids, said = {}, {}
    for i, outcome in ipairs(outcomes) do ids[i] = outcome[1] end
    foresee_jobs(ids)
    for i, outcome in ipairs(outcomes) do said[2 * i - 1], said[2 * i] = settle(worker, outcome) end
    return said
end
