-- Extends a worker's leases, beats its heart and sets its credit.
-- in:  worker held[{job, token}] answered free serves[{type}] digest
-- out: { verdicts[], announce, seen }
-- idempotent: yes (it says what is, not what changed)
-- memory: exempt (a full server must not cost every running job its lease)
-- uses: record counts ready lease

local ids, verdicts = {}, {}
for i, held in ipairs(IN.held) do ids[i] = held.job end
foresee_jobs(ids)
for i, held in ipairs(IN.held) do
    local job, holder = load_job(held.job), nil
    verdicts[i], holder = verdict_on(job, IN.worker, held.token)
    if holder then extend(job) end
end

local state = redis.call('HMGET', KEY('worker', IN.worker), 'number', 'closed')
local seen = tonumber(state[1]) or 0
if not state[2] then
    redis.call('ZADD', KEY('workers'), NOW + HEARTBEAT_MS, IN.worker)
    redis.call('EXPIRE', KEY('worker', IN.worker), WORKER_MEMORY_SECONDS)
    -- A claim whose answer is still under way may have filled the slots: what the worker believes free is stale.
    local fresh = IN.answered >= seen
    for _, served in ipairs(IN.serves) do
        redis.call('ZADD', KEY('serving', served.type), NOW + HEARTBEAT_MS, IN.worker)
        if fresh then set_credit(IN.worker, served.type, IN.free) end
    end
end
return { verdicts = verdicts, announce = redis.call('HEXISTS', KEY('announced'), IN.digest) == 0, seen = seen }
