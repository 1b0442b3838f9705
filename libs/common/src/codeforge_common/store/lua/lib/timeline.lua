-- Where a job has been, and why.
--
--   job:<id>:timeline   list of moments, JSON (see Moment and TimelineEntry in messages.py)
--
-- Nothing is written for a job that is submitted, claimed and completed: its record tells all of that. The last claim
-- is added in front of the first moment that follows it; `noted` on the record is the token of the last one added.

local function moment(event, at, members)
    local text = { '{"at":', string.format('%.0f', at), ',"event":"', event, '"' }
    for _, name in ipairs({ 'worker', 'token', 'attempt', 'by', 'reason', 'due' }) do
        if members[name] then
            text[#text + 1] = ',"' .. name .. '":'
            text[#text + 1] = members[name]
        end
    end
    text[#text + 1] = '}'
    return table.concat(text)
end

-- The record's claim where the list doesn't have it, else nil. Two values: the moment, and its token.
local function claim_not_noted(job)
    local token, worker = job[TOKEN], job[WORKER]
    if not worker or job[NOTED] == token then return nil end
    local claimed = { worker = cjson.encode(worker), token = string.format('%.0f', token), attempt = job[ATTEMPTS] }
    return moment(MOMENT.claimed, job[STARTED_AT] or 0, claimed), token
end

-- Adds a moment. `members` are JSON texts. To be called while the record still tells of the run that it is about.
local function note(job, event, members)
    local key = job_key(job[ID], ':timeline')
    local claimed, token = claim_not_noted(job)
    if claimed then
        redis.call('RPUSH', key, claimed)
        set(job, NOTED, token)
    end
    local over = redis.call('RPUSH', key, moment(event, NOW, members or {})) - LIMITS.timeline_max
    if over > 0 then
        redis.call('LTRIM', key, over, -1)
        set(job, FORGOTTEN, (job[FORGOTTEN] or 0) + over)
    end
end
