-- The right to run a job: granted by a claim, ended by whatever ends the run, in the same script.
--
--   leases        sorted set: job -> when the lease ends
--   worker:<id>   hash: number (highest claim number seen), claimed (the jobs which that claim took, packed), closed (it
--                 has said goodbye)
-- A lease stands as long as the job is active: its record says who holds it, and by which token. That its end lies in
-- the past takes nothing from it until the reaper has come by.
--
-- Grants and releases of a call are written together at its end.

local WORKER_MEMORY_SECONDS = 86400 -- how long a worker is remembered after it was last heard of

local released = {}   -- jobs
local lease_ends = {} -- pairs for ZADD

local function remember_worker(worker, ...)
    redis.call('HSET', KEY('worker', worker), ...)
    redis.call('EXPIRE', KEY('worker', worker), WORKER_MEMORY_SECONDS)
end

local function holds(job, worker, token)
    return job[WORKER] == worker and job[TOKEN] == token and job[STATE] == STATUS.active
end

-- Whether this very run has ended, and the worker said so itself.
local function has_ended(job, worker, token)
    return job[WORKER] == worker and job[TOKEN] == token or job[ENDED] == string.format('%.0f ', token) .. worker
end

-- What a worker that believes to hold the job (nil: there is none) is told. The second value: whether it does.
local function verdict_on(job, worker, token)
    if not job then return VERDICT.gone, false end
    if not holds(job, worker, token) then return VERDICT.fenced, false end
    return job[CANCEL] and VERDICT.cancelled or VERDICT.held, true
end

local function extend(job)
    lease_ends[#lease_ends + 1] = string.format('%d', NOW + job[LEASE])
    lease_ends[#lease_ends + 1] = job[ID]
end

-- Makes room for another holder: the last run, which ended by its worker's word, is recognised all the same.
local function remember_end(job)
    if not job[WORKER] then return end
    set(job, ENDED, string.format('%.0f ', job[TOKEN]) .. job[WORKER])
    set(job, WORKER, nil)
end

local function grant(job, worker, lease_ms)
    remember_end(job)
    raise_token(job)
    set(job, WORKER, worker)
    set(job, LEASE, lease_ms)
    extend(job)
    count_run(job[USER], 1)
end

-- Ends the run. Whose it was stays in the record, so that the same finish, sent again, is recognised.
local function release(job)
    released[#released + 1] = job[ID]
    count_run(job[USER], -1)
    unpark(job[USER])
end

-- What ended first: a job that a call brings home may be taken again by the same call.
local function write_leases()
    call_in_parts('ZREM', KEY('leases'), released)
    call_in_parts('ZADD', KEY('leases'), lease_ends)
    released, lease_ends = {}, {}
end
at_end[#at_end + 1] = write_leases
