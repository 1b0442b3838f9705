-- Keeps the result of a step that a run has finished.
-- in:  worker id token name result private (the result is sealed)
-- out: { verdict }
-- idempotent: yes (the first result of a name counts)
-- memory: exempt (else a full server would have a job do its paid work again; the worker limits size and number)
-- uses: record counts ready lease steps

local job = load_job(IN.id)
local verdict, holder = verdict_on(job, IN.worker, IN.token)
if holder then
    finish_step(job, IN.name, IN.result, IN.private)
    save(job)
end
return { verdict = verdict }
