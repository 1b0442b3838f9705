-- Where a job has been, and why.
-- in:  id caller
-- out: { moments[], dropped } or { refused }
-- idempotent: yes (it reads)
-- memory: exempt
-- uses: record steps log read timeline

local job = load_job(IN.id)
if not may_see(job, IN.caller) then return { refused = 'job_not_found' } end
local status = job[STATE]
local moments = redis.call('LRANGE', job_key(job[ID], ':timeline'), 0, -1)
local dropped = job[FORGOTTEN] or 0
if dropped > 0 then
    dropped = dropped + 1 -- the submission, which the list never holds, went first
else
    local due = #moments == 0 and status == STATUS.delayed and job[DUE] or nil
    table.insert(moments, 1, moment(MOMENT.submitted, job[CREATED_AT], { due = due }))
end
if status == STATUS.active or status == STATUS.completed then moments[#moments + 1] = claim_not_noted(job) end
if status == STATUS.completed then moments[#moments + 1] = moment(MOMENT.completed, job[COMPLETED_AT], {}) end
return { moments = moments, dropped = dropped }
