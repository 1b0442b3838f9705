-- Submit: creates a job, if everything that guards the door agrees.
-- in:  id type digest user session head body sealed traceparent delay attempts idempotency{key, digest}
-- out: { job, repeated, ring, remaining, reset } or { refused, retry_after }
-- idempotent: yes (the job id is the caller's; the same id again answers as before)
-- memory: counts (a full server refuses new jobs first)
-- uses: record log counts ready

local IDEMPOTENCY_MS = 24 * 3600 * 1000


-- A repeat is answered before any limit, and costs no rate. It writes what stands there already, so that whoever waits
-- for the disk waits for this answer too (WAITAOF covers the writes of its own connection).
if redis.call('EXISTS', job_key(IN.id)) == 1 then
    redis.call('HSET', job_key(IN.id), 'user', IN.user)
    return { job = IN.id, repeated = false, ring = false }
end
local remembered = IN.idempotency and redis.call('GET', KEY('idempotency', IN.idempotency.key))
if remembered then
    local digest, id = string.match(remembered, '^(%S+) (%S+)$')
    if digest ~= IN.idempotency.digest then return { refused = 'idempotency_key_conflict' } end
    redis.call('SET', KEY('idempotency', IN.idempotency.key), remembered, 'KEEPTTL')
    return { job = id, repeated = true, ring = false }
end

local known = redis.call('HGET', KEY('digests'), IN.type)
if not known then return { refused = 'unknown_job_type' } end
if known ~= IN.digest then return { refused = 'job_types_outdated' } end

-- GCRA (ATM Forum TM 4.0, "generic cell rate algorithm", virtual scheduling): one number a user, the theoretical
-- arrival time of the next submit.
local remaining, reset, arrival
if LIMITS.rate_per_minute > 0 then
    local interval = 60000 / LIMITS.rate_per_minute
    local burst = interval * math.max(LIMITS.rate_burst, 1)
    local stored = tonumber(redis.call('GET', KEY('rate', IN.user))) or 0
    if stored > NOW + burst then stored = 0 end
    arrival = math.max(NOW, stored) + interval
    local wait = arrival - burst - NOW
    if wait > 0 then return { refused = 'rate_limited', retry_after = math.ceil(wait) } end
    remaining = math.floor((burst - (arrival - NOW)) / interval)
    reset = math.ceil(arrival - NOW)
end

if LIMITS.user_max_waiting > 0
    and (tonumber(redis.call('HGET', KEY('waiting'), IN.user)) or 0) >= LIMITS.user_max_waiting then
    return { refused = 'too_many_waiting', retry_after = 1000 }
end

if arrival then redis.call('SET', KEY('rate', IN.user), string.format('%.3f', arrival), 'PX', reset) end
if IN.idempotency then
    redis.call('SET', KEY('idempotency', IN.idempotency.key), IN.idempotency.digest .. ' ' .. IN.id, 'PX', IDEMPOTENCY_MS)
end

local job = { id = IN.id, field = { type = IN.type, user = IN.user }, dirty = { type = true, user = true } }
set(job, 'session', IN.session)
set(job, 'created_at', NOW)
set(job, 'attempts_max', IN.attempts)
set(job, 'head', #IN.head)
if IN.traceparent then set(job, 'traceparent', IN.traceparent) end
redis.call('SET', job_key(job.id, ':body'), IN.head .. '\n' .. IN.body)
if IN.sealed then
    set(job, 'sealed', '1')
    redis.call('SET', job_key(job.id, ':secret'), IN.sealed)
end
redis.call('ZADD', KEY('jobs', IN.user), NOW, job.id)
if IN.delay > 0 then
    move(job, STATUS.delayed)
    redis.call('ZADD', KEY('delayed'), NOW + IN.delay, job.id)
else
    move(job, STATUS.waiting)
    make_ready(job, NOW)
end
emit(job)
save(job)
write_log()
return { job = job.id, repeated = false, ring = next(rings) ~= nil, remaining = remaining, reset = reset }
