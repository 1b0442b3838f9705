-- Asserts that a run still holds its job, and gives it the whole of its lease again.
-- in:  worker id token
-- out: { verdict }
-- idempotent: yes (it says what is)
-- memory: exempt (a full server must not stop a run before its outside effect)
-- uses: record counts ready lease

local job = load_job(IN.id)
local verdict, holder = verdict_on(job, IN.worker, IN.token)
if holder then extend(job) end
return { verdict = verdict }
