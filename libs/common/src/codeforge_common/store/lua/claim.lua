-- Settles a worker's outcomes and fills its free slots with runs, in turn between the types that it serves.
-- in:  worker number slots serves[{type, lease}] outcomes[]
-- out: { settled[{verdict, status}], runs[], rings{type: n} }
-- idempotent: yes (the same number again answers the leases that it took; an outcome that was taken is `done`)
-- memory: exempt (a full server must let running jobs end)
-- uses: record log counts ready lease report settle

local function run_of(job, waited)
    return {
        job = job.id,
        field = job.field,
        body = redis.call('GET', job_key(job.id, ':body')) or '',
        secret = redis.call('GET', job_key(job.id, ':secret')) or nil,
        waited = waited,
    }
end

local function start(job, place, served)
    local waited = NOW - number_of(job, 'since')
    grant(job, IN.worker, IN.number, served.lease)
    set(job, 'score', place)
    set(job, 'attempts', number_of(job, 'attempts') + 1)
    set(job, 'started_at', NOW)
    set(job, 'since', nil)
    clear_error(job)
    move(job, STATUS.active)
    emit(job)
    save(job)
    return run_of(job, waited)
end

local function take(slots)
    local runs, serves = {}, IN.serves
    local at = 1
    while #runs < slots and #serves > 0 do
        if at > #serves then at = 1 end
        local job, place = next_ready(serves[at].type)
        if job then
            runs[#runs + 1] = start(job, place, serves[at])
            at = at + 1
        else
            table.remove(serves, at)
        end
    end
    return runs
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
        runs = take(IN.slots)
        for _, job_type in ipairs(types) do set_credit(IN.worker, job_type, IN.slots - #runs) end
    elseif IN.number == seen then
        runs = taken_before()
    end
end
write_log()
return { settled = settled, runs = runs, rings = rings }
