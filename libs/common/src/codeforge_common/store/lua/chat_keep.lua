-- Keeps one turn of a conversation: what was said and what was answered, together.
-- in:  user session turn messages[{role, content, job, cut}] caps{messages, bytes, lifetime, sessions}
-- out: { } or { refused, retry_after }
-- idempotent: yes (a turn that is kept isn't kept again)
-- memory: counts (a server that fills keeps its room for jobs)
-- uses: memory chat

local SHARE = 0.75 -- of the budget; above it the chat would drive finished jobs out (memory.lua)

local used, budget = memory_in_use()
if used >= SHARE * budget then return { refused = 'store_full', retry_after = 5000 } end
keep_turn(IN.user, IN.session, IN.turn, IN.messages, IN.caps)
return {}
