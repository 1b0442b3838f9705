-- Looks at some jobs' keys for what no index knows any more, and mends it. Nothing of this should ever be needed: it is
-- for a store that was restored in part, or that somebody tampered with.
-- in:  ids[] (from the names of keys)
-- out: { orphans, mended }
-- idempotent: yes (it makes what is there consistent)
-- memory: exempt
-- uses: record log counts ready lease timeline output report settle

local MOST_SEARCHED = 1000 -- members of a list

local orphans, mended = 0, 0

local function expect(key, id, score)
    if redis.call('ZSCORE', key, id) then return end
    redis.call('ZADD', key, score, id)
    mended = mended + 1
end

-- The same for a list; a long one isn't searched, as that could take long.
local function expect_listed(key, id)
    if redis.call('LLEN', key) > MOST_SEARCHED or redis.call('LPOS', key, id) then return end
    redis.call('RPUSH', key, id)
    mended = mended + 1
end

local function in_rotation(job_type, user)
    local rotation, rotating = KEY('rotation', job_type), KEY('rotating', job_type)
    if redis.call('SISMEMBER', rotating, user) == 0 then return false end
    -- The list is searched only where it can't be whole.
    return redis.call('LLEN', rotation) == redis.call('SCARD', rotating) or redis.call('LPOS', rotation, user)
end

-- A waiting job is ready, and its user stands where a claim looks, or the end of one of the user's runs.
local function expect_ready(job)
    local job_type, user = job[TYPE], job[USER]
    local place = redis.call('ZSCORE', KEY('ready', job_type, user), job[ID])
    local parked = at_cap(user) and string.find(parked_types(user), ' ' .. job_type .. ' ', 1, true)
    if place and (parked or in_rotation(job_type, user)) then return end
    redis.call('SREM', KEY('rotating', job_type), user)
    redis.call('LREM', KEY('rotation', job_type), 0, user)
    make_ready(job, tonumber(place) or place_of(job))
    save(job)
    mended = mended + 1
end

for _, id in ipairs(IN.ids) do
    local job = load_job(id)
    local status = job and job[STATE]
    if not status then
        remove(id)
        orphans = orphans + 1
    else
        expect(KEY('jobs', job[USER]), id, job[CREATED_AT])
        if TERMINAL[status] then
            expect(finished_key(status), id, job[COMPLETED_AT] or NOW)
            if status == STATUS.completed then
                expect_listed(KEY('completed', job[TYPE], job[USER]), id)
            end
        elseif status == STATUS.active then
            expect(KEY('leases'), id, NOW) -- the next round takes it, and the job runs again
        elseif status == STATUS.delayed then
            expect(KEY('delayed'), id, job[DUE] or NOW)
        elseif status == STATUS.waiting then
            expect_ready(job)
        end
    end
end
return { orphans = orphans, mended = mended, rings = rings }
