-- Cancels: a waiting or delayed job at once; a running one gets a mark, and ends as cancelled whatever its run does.
-- in:  id caller reason
-- out: { status, cancel, ended{type: {status: n}} } or { refused, status }
-- idempotent: yes (a cancelled or marked job answers as before)
-- memory: exempt (people must be able to stop work on a full server)
-- uses: record log counts ready lease timeline steps output report settle read

local job = load_job(IN.id)
if not may_see(job, IN.caller) then return { refused = 'job_not_found' } end
local status = job[STATE]
local asked = { by = IN.caller and cjson.encode(IN.caller), reason = IN.reason and cjson.encode(IN.reason) }
local why = IN.reason and ': ' .. IN.reason or ''

if status == STATUS.waiting or status == STATUS.delayed then
    if status == STATUS.waiting then unready(job) else redis.call('ZREM', KEY('delayed'), job[ID]) end
    note(job, MOMENT.cancel_requested, asked)
    say(job, 'Cancelled' .. why)
    set(job, CANCEL, true)
    set(job, DUE, nil)
    rest(job, STATUS.cancelled)
    count_end(job)
elseif status == STATUS.active then
    if not job[CANCEL] then
        set(job, CANCEL, true)
        note(job, MOMENT.cancel_requested, asked)
        say(job, 'Cancel requested' .. why)
        emit(job)
    end
elseif status ~= STATUS.cancelled then
    return { refused = 'job_state_conflict', status = status }
end
return { status = job[STATE], ended = ended, cancel = job[CANCEL] or false }
