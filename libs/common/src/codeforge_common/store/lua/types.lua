-- All announced job types.
-- in:  (nothing)
-- out: { types{type: announcement} }
-- idempotent: yes (it reads)
-- memory: exempt
-- uses:

local flat, types = redis.call('HGETALL', KEY('types')), {}
for i = 1, #flat, 2 do types[flat[i]] = flat[i + 1] end
return { types = types }
