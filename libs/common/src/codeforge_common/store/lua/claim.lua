-- Settles a worker's outcomes and fills its free slots with runs, in turn between the types that it serves.
-- in:  worker number slots serves[{type, lease, batch, gather}] outcomes[{job, token, kind, result, abridged, reason,
--      delay, reports}]
-- out: { settled[verdict, status, ...], runs[{record, body, secret, steps}], rings{type: n}, gathering, lost[] }
-- idempotent: yes (the same number again answers the leases that it took; an outcome that was taken is `done`)
-- memory: exempt (a full server must let running jobs end)
-- uses: record log counts ready lease timeline steps output report settle

local function run_of(job, record, body, steps)
    local run = { record, body or '{}' }
    if job[SEALED] or steps then
        run[3] = job[SEALED] and redis.call('GET', job_key(job[ID], ':secret')) or false
        run[4] = steps or {}
    end
    return run
end

local function start(job, body, served)
    clear_error(job)
    local steps = job[STEPS] and recall(job)
    cut_output(job)
    set(job, ATTEMPTS, (job[ATTEMPTS] or 0) + 1)
    set(job, STARTED_AT, NOW)
    grant(job, IN.worker, served.lease)
    if job[NUMBER] then job[NUMBER] = false end
    move(job, STATUS.active)
    return run_of(job, emit(job), body, steps)
end

local lost = {} -- jobs that stood in the queue and have no record that can be read

-- Starts jobs of the type, at most `most`. How many it started.
local function start_some(served, most, runs, claimed)
    local before = #runs
    while #runs - before < most do
        local ids = next_ready(served.type, most - (#runs - before))
        if #ids == 0 then break end
        foresee_jobs(ids)
        for i, body in ipairs(read_all(ids, ':body')) do
            local job = load_job(ids[i])
            if job and job[STATE] == STATUS.waiting then
                runs[#runs + 1] = start(job, body, served)
                claimed[#claimed + 1] = ids[i]
            elseif not job then
                lost[#lost + 1] = ids[i]
            end
        end
    end
    return #runs - before
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

-- Fills slots with a job of the type each, or with a batch. How many it filled.
local function fill(served, slots, runs, claimed)
    if served.batch == 1 then return start_some(served, slots, runs, claimed) end
    for filled = 0, slots - 1 do
        if should_gather(served) then return filled end
        local started = start_some(served, served.batch, runs, claimed)
        if started < served.batch then return started > 0 and filled + 1 or filled end
    end
    return slots
end

-- Fills the slots, in turn between the types; who is alone needs no turns. The runs, their jobs, and the slots left free.
local function take(slots)
    local runs, claimed, serves = {}, {}, IN.serves
    while slots > 0 and #serves > 0 do
        local share, with_more = #serves == 1 and slots or 1, {}
        for _, served in ipairs(serves) do
            if slots == 0 then break end
            local filled = fill(served, share, runs, claimed)
            slots = slots - filled
            if filled == share then with_more[#with_more + 1] = served end
        end
        serves = with_more
    end
    return runs, claimed, slots
end

local function taken_before(claimed)
    foresee_jobs(claimed)
    local runs = {}
    for i, body in ipairs(read_all(claimed, ':body')) do
        local job = load_job(claimed[i])
        if job and holds(job, IN.worker, job[TOKEN]) then
            runs[#runs + 1] = run_of(job, cmsgpack.pack(job), body, job[STEPS] and results_of(job))
        end
    end
    return runs
end

local settled, runs = settle_all(IN.worker, IN.outcomes), {}
local seen, claimed, closed = unpack(redis.call('HMGET', KEY('worker', IN.worker), 'number', 'claimed', 'closed'))
seen = tonumber(seen) or 0
if not closed then
    if IN.number > seen then
        local left
        runs, claimed, left = take(IN.slots)
        remember_worker(IN.worker, 'number', IN.number, 'claimed', cmsgpack.pack(claimed))
        for _, served in ipairs(IN.serves) do set_credit(IN.worker, served.type, left) end
    elseif IN.number == seen and claimed then
        runs = taken_before(cmsgpack.unpack(claimed))
    end
end
return { settled = settled, runs = runs, rings = rings, gathering = gathering, lost = lost }
