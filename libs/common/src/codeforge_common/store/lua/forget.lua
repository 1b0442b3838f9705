-- Forgets a finished step that a run can't use, those after it, and what they wrote: the run finishes them anew.
-- in:  worker id token name
-- out: { verdict, output }
-- idempotent: yes (a step that isn't there is forgotten already)
-- memory: exempt (it frees memory)
-- uses: record counts ready lease steps output

local job = load_job(IN.id)
local verdict, holder = verdict_on(job, IN.worker, IN.token)
if holder and rewind(job, IN.name) then
    cut_output(job)
    save(job)
end
return { verdict = verdict, output = job and job[OUTPUT] or 0 }
