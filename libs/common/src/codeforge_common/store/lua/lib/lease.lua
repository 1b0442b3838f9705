-- The right to run a job: granted by a claim, removed by whatever ends the run, in the same script.
--
--   leases          sorted set: job -> when the lease ends
--   held:<worker>   hash: job -> number of the claim that took it
--   worker:<id>     hash: number (highest claim number seen), closed (it has said goodbye)
-- A lease stands as long as the record names its worker: both are set and removed together, and only here. That its end
-- lies in the past takes nothing from it until the reaper has come by.
--
-- Grants and releases of a call are written together at its end.

local WORKER_MEMORY_SECONDS = 86400 -- how long a worker is remembered after it was last heard of

local granted, released = {}, {} -- worker -> jobs
local lease_ends = {}            -- pairs for ZADD

local function remember_worker(worker, field, value)
    redis.call('HSET', KEY('worker', worker), field, value)
    redis.call('EXPIRE', KEY('worker', worker), WORKER_MEMORY_SECONDS)
end

local function holds(job, worker, token)
    return job.field.worker == worker and number_of(job, 'token') == token
end

-- What a worker that believes to hold the job (nil: there is none) is told. The second value: whether it does.
local function verdict_on(job, worker, token)
    if not job then return VERDICT.gone, false end
    if not holds(job, worker, token) then return VERDICT.fenced, false end
    return job.field.cancel and VERDICT.cancelled or VERDICT.held, true
end

local function note_for(list, worker, ...)
    local noted = list[worker] or {}
    list[worker] = noted
    for _, value in ipairs({ ... }) do noted[#noted + 1] = value end
end

local function extend(job, ends)
    lease_ends[#lease_ends + 1] = ends
    lease_ends[#lease_ends + 1] = job.id
end

local function grant(job, worker, number, lease_ms)
    raise_token(job)
    set(job, 'worker', worker)
    set(job, 'lease', lease_ms)
    extend(job, NOW + lease_ms)
    note_for(granted, worker, job.id, number)
    add(KEY('running'), job.field.user, 1)
end

-- Ends the run. `ended` lets the same finish, sent again, be recognised.
local function release(job)
    local worker = job.field.worker
    set(job, 'ended', job.field.token .. ' ' .. worker)
    set(job, 'worker', nil)
    set(job, 'lease', nil)
    set(job, 'number', nil)
    note_for(released, worker, job.id)
    add(KEY('running'), job.field.user, -1)
    unpark(job.field.user)
end

-- What ended first: a job that a call brings home may be taken again by the same call.
local function write_leases()
    for worker, jobs in pairs(released) do
        call_in_parts('ZREM', KEY('leases'), jobs)
        call_in_parts('HDEL', KEY('held', worker), jobs)
    end
    call_in_parts('ZADD', KEY('leases'), lease_ends)
    for worker, jobs in pairs(granted) do call_in_parts('HSET', KEY('held', worker), jobs) end
    granted, released, lease_ends = {}, {}, {}
end
at_end[#at_end + 1] = write_leases
