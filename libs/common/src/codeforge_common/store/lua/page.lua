-- A page of a user's jobs, newest first, from the user's index.
--   jobs:<user>   sorted set: job -> when it was created
-- in:  user limit after{created, job} status type session
-- out: { jobs[], next{created, job}, cursor }
-- idempotent: yes (it reads)
-- memory: exempt
-- uses: record log counts steps read

local STEP = 100
local LOOK_AT = 1000           -- jobs looked at in one call at most; a page may end early and still have a next one
local PAGE_BYTES = 4 * 1048576

local key = KEY('jobs', IN.user)
local jobs, bytes, looked, last = {}, 0, 0, nil

local function wanted(id)
    local job = load_job(id)
    return job and (not IN.status or job[STATE] == IN.status) and (not IN.type or job[TYPE] == IN.type)
        and (not IN.session or job[SESSION] == IN.session)
end

local at = rank_after(key, IN.after)
local ended = false
while not ended and #jobs < IN.limit and looked < LOOK_AT and bytes < PAGE_BYTES do
    local ids = redis.call('ZREVRANGE', key, at, at + STEP - 1, 'WITHSCORES')
    if #ids == 0 then ended = true end
    for i = 1, #ids, 2 do
        if #jobs == IN.limit or bytes >= PAGE_BYTES then break end
        at = at + 1
        looked = looked + 1
        last = { job = ids[i], created = tonumber(ids[i + 1]) }
        if wanted(ids[i]) then
            jobs[#jobs + 1] = describe(ids[i], LISTED)
            bytes = bytes + weight_of(load_job(ids[i]), jobs[#jobs])
        end
    end
end
if not ended and at >= redis.call('ZCARD', key) then ended = true end
return { jobs = jobs, next = not ended and last or nil, cursor = log_cursor() }
