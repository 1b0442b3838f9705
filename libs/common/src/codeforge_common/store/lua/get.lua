-- One job's record.
-- in:  id caller whole
-- out: { job, standing{position, ahead} } or { refused }
-- idempotent: yes (it reads)
-- memory: exempt
-- uses: record log counts ready steps read

local job = load_job(IN.id)
if not may_see(job, IN.caller) then return { refused = 'job_not_found' } end
return {
    job = describe(IN.id, IN.whole and WHOLE or LISTED),
    standing = job[STATE] == STATUS.waiting and standing(job) or nil,
}
