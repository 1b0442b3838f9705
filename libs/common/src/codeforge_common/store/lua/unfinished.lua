-- What a stream of all of a user's jobs starts with: every unfinished job and the newest others, newest first,
-- each as an update shows it. Bounded; `next` says where to go on, as long as there is something to find.
-- in:  user newest open (nil: to be counted) after{created, job}
-- out: { jobs[], cursor, next{created, job, open, newest} }
-- idempotent: yes (it reads)
-- memory: exempt
-- uses: record log counts steps read

local STEP = 100
local LOOK_AT = 1000 -- jobs looked at in one call at most

local key = KEY('jobs', IN.user)
local open = IN.open or queued_of(IN.user) + running_of(IN.user)
local newest = IN.newest
local jobs, at, looked, last = {}, rank_after(key, IN.after), 0, nil
while (open > 0 or newest > 0) and looked < LOOK_AT do
    local ids = redis.call('ZREVRANGE', key, at, at + STEP - 1, 'WITHSCORES')
    if #ids == 0 then return { jobs = jobs, cursor = log_cursor() } end
    for i = 1, #ids, 2 do
        local job = load_job(ids[i])
        local resting = job and TERMINAL[job[STATE]]
        if job and (not resting or newest > 0) then
            jobs[#jobs + 1] = describe(ids[i], UPDATED)
            if resting then newest = newest - 1 else open = open - 1 end
        end
        at, looked = at + 1, looked + 1
        last = { created = tonumber(ids[i + 1]), job = ids[i] }
    end
end
if last then last.open, last.newest = open, newest end
return { jobs = jobs, cursor = log_cursor(), next = (open > 0 or newest > 0) and last or nil }
