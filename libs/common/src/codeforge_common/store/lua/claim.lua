-- Settles a worker's outcomes and fills its free slots with runs, in turn between the types that it serves.
-- in:  worker number slots serves[{type, lease, batch, gather}] outcomes[]
-- out: { settled[{verdict, status}], runs[], rings{type: n}, gathering }
-- idempotent: yes (the same number again answers the leases that it took; an outcome that was taken is `done`)
-- memory: exempt (a full server must let running jobs end)
-- uses: record log counts ready lease timeline steps output report settle

local function run_of(job, waited)
    job.body = job.body or redis.call('GET', job_key(job.id, ':body')) or ''
    return {
        job = job.id,
        field = job.field,
        body = job.body,
        secret = job.field.sealed and redis.call('GET', job_key(job.id, ':secret')) or nil,
        steps = job.field.steps and steps_of(job) or nil,
        waited = waited,
    }
end

local function start(job, place, served)
    local waited = NOW - number_of(job, 'since')
    job.body = redis.call('GET', job_key(job.id, ':body')) or ''
    grant(job, IN.worker, IN.number, served.lease)
    set(job, 'score', place)
    set(job, 'attempts', number_of(job, 'attempts') + 1)
    set(job, 'started_at', NOW)
    set(job, 'since', nil)
    clear_error(job)
    cut_output(job)
    move(job, STATUS.active)
    emit(job)
    save(job)
    return run_of(job, waited)
end

local gathering = nil

-- Whether a batch of the type should wait for more jobs, as there are few and none has been ready for long.
local function should_gather(served)
    if served.gather == 0 or count_of(KEY('counts', served.type), STATUS.waiting) >= served.batch then return false end
    local since = oldest_since(served.type)
    local left = since and since + served.gather - NOW or 0
    if left <= 0 or left > served.gather then return false end -- a clock may have stepped back
    gathering = math.min(gathering or left, left)
    return true
end

-- Fills one slot with a job of the type, or with a batch. False: none can be claimed.
local function fill(served, runs)
    if served.batch > 1 and should_gather(served) then return false end
    for taken = 1, served.batch do
        local job, place = next_ready(served.type)
        if not job then return taken > 1 end
        runs[#runs + 1] = start(job, place, served)
    end
    return true
end

-- Runs for the slots, in turn between the types, and the slots left free.
local function take(slots)
    local runs, serves = {}, IN.serves
    local at = 1
    while slots > 0 and #serves > 0 do
        if at > #serves then at = 1 end
        if fill(serves[at], runs) then
            slots = slots - 1
            at = at + 1
        else
            table.remove(serves, at)
        end
    end
    return runs, slots
end

local function taken_before()
    local runs = {}
    local held = redis.call('HGETALL', KEY('held', IN.worker))
    for i = 1, #held, 2 do
        if tonumber(held[i + 1]) == IN.number then
            local job = load_job(held[i])
            if job and job.field.worker == IN.worker then runs[#runs + 1] = run_of(job, 0) end
        end
    end
    return runs
end

local settled, runs = {}, {}
for i, outcome in ipairs(IN.outcomes) do settled[i] = settle(IN.worker, outcome) end

local state = redis.call('HMGET', KEY('worker', IN.worker), 'number', 'closed')
local seen = tonumber(state[1]) or 0
if not state[2] then
    if IN.number > seen then
        remember_worker(IN.worker, 'number', IN.number)
        local types = {}
        for i, served in ipairs(IN.serves) do types[i] = served.type end
        local left
        runs, left = take(IN.slots)
        for _, job_type in ipairs(types) do set_credit(IN.worker, job_type, left) end
    elseif IN.number == seen then
        runs = taken_before()
    end
end
return { settled = settled, runs = runs, rings = rings, gathering = gathering }
