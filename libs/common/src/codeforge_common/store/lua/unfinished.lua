-- What a stream of all of a user's jobs starts with: every unfinished job and the newest others, newest first,
-- each as an update shows it.
-- in:  user newest
-- out: { jobs[], cursor }
-- idempotent: yes (it reads)
-- memory: exempt
-- uses: record log counts steps read

local STEP = 100

local key = KEY('jobs', IN.user)
local open = (tonumber(redis.call('HGET', KEY('waiting'), IN.user)) or 0) + running_of(IN.user)
local newest = IN.newest
local jobs, at = {}, 0
while open > 0 or newest > 0 do
    local ids = redis.call('ZREVRANGE', key, at, at + STEP - 1)
    if #ids == 0 then break end
    for _, id in ipairs(ids) do
        local job = load_job(id)
        local resting = job and TERMINAL[job[STATE]]
        if job and (not resting or newest > 0) then
            jobs[#jobs + 1] = describe(id, UPDATED)
            if resting then newest = newest - 1 else open = open - 1 end
        end
    end
    at = at + STEP
end
return { jobs = jobs, cursor = log_cursor() }
