-- A part of a job's output.
-- in:  id caller offset
-- out: { text, offset, complete } or { refused }
-- idempotent: yes (it reads)
-- memory: exempt
-- uses: record output steps log read

local MOST = 1048576

local job = load_job(IN.id)
if not may_see(job, IN.caller) then return { refused = 'job_not_found' } end
local bytes = job[OUTPUT] or 0
local offset = math.min(IN.offset, bytes)
-- A few bytes more, to see whether the part would end within a character.
local text = redis.call('GETRANGE', job_key(job[ID], ':output'), offset, offset + MOST + 3)
-- Nor does a part begin within one.
local within = #string.match(text, '^[\128-\191]*')
text, offset = string.sub(text, within + 1), offset + within
text = fitting(text, MOST)
return { text = text, offset = offset, complete = TERMINAL[job[STATE]] == true and offset + #text == bytes }
