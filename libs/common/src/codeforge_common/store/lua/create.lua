-- Submits: creates each job, if everything that guards the door agrees.
-- in:  jobs[{id type digest user session title body sealed traceparent delay run_at priority attempts
--      idempotency{key, digest}}]
-- out: { answers[{ job, repeated, ring, remaining, reset } or { refused, retry_after }] }
-- idempotent: yes (the job id is the caller's; the same id again answers as before)
-- memory: counts (a full server refuses new jobs first)
-- uses: record log counts ready rate

local IDEMPOTENCY_MS = 24 * 3600 * 1000

-- The answer to a submit that came before, else nil. It is answered before any limit, and costs no rate. It writes what
-- stands there already, so that whoever waits for the disk waits for this answer too (WAITAOF covers the writes of its
-- own connection).
local function repeated(asked)
    local before = load_job(asked.id)
    if before then
        save(before)
        return { job = asked.id, repeated = false, ring = false }
    end
    local key = asked.idempotency and KEY('idempotency', asked.idempotency.key)
    local remembered = key and redis.call('GET', key)
    if not remembered then return nil end
    local digest, id = string.match(remembered, '^(%S+) (%S+)$')
    if digest ~= asked.idempotency.digest then return { refused = 'idempotency_key_conflict' } end
    redis.call('SET', key, remembered, 'KEEPTTL')
    return { job = id, repeated = true, ring = false }
end

local digests = {}
local full = redis.call('GET', KEY('pressure')) == 'full'

-- Why the job isn't let in, else nil.
local function refusal(asked)
    local known = digests[asked.type] or redis.call('HGET', KEY('digests'), asked.type)
    digests[asked.type] = known
    if not known then return { refused = 'unknown_job_type' } end
    if known ~= asked.digest then return { refused = 'job_types_outdated' } end
    if full then return { refused = 'store_full', retry_after = 5000 } end
    if LIMITS.user_max_waiting > 0 and queued_of(asked.user) >= LIMITS.user_max_waiting then
        return { refused = 'too_many_waiting', retry_after = 1000 }
    end
end

-- Whether a ring is due.
local function admit(asked)
    if asked.idempotency then
        local value = asked.idempotency.digest .. ' ' .. asked.id
        redis.call('SET', KEY('idempotency', asked.idempotency.key), value, 'PX', IDEMPOTENCY_MS)
    end
    -- The fields that every job has, in their order.
    local job = new_job(asked.id, false, 0, NOW, asked.type, asked.user, asked.session, asked.title, asked.attempts, NOW)
    set(job, TRACEPARENT, asked.traceparent)
    redis.call('SET', job_key(asked.id, ':body'), asked.body)
    if asked.sealed then
        set(job, SEALED, true)
        redis.call('SET', job_key(asked.id, ':secret'), asked.sealed)
    end
    if asked.priority > 0 then set(job, PRIORITY, asked.priority) end
    redis.call('ZADD', KEY('jobs', asked.user), NOW_TEXT, asked.id)
    local due, rang = math.max(NOW + asked.delay, asked.run_at or 0), false
    if due > NOW then
        move(job, STATUS.delayed)
        delay(job, due)
    else
        move(job, STATUS.waiting)
        rang = make_ready(job, place_of(job))
    end
    emit(job)
    return rang
end

local function answer(asked)
    local before = repeated(asked) or refusal(asked)
    if before then return before end
    local wait, remaining, reset = take_rate(asked.user)
    if wait then return { refused = 'rate_limited', retry_after = wait } end
    return { job = asked.id, repeated = false, ring = admit(asked), remaining = remaining, reset = reset }
end

local answers = {}
for i, asked in ipairs(IN.jobs) do answers[i] = answer(asked) end
return { answers = answers }
