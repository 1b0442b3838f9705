-- The whole installation at a glance.
-- in:  (nothing)
-- out: { types[{type, counts{status: n}, oldest, workers}], alive }
-- idempotent: yes (it reads)
-- memory: exempt
-- uses: record counts ready

local function alive(key)
    return redis.call('ZCOUNT', key, string.format('(%.0f', NOW), NOW + HEARTBEAT_MS)
end

local types = {}
for _, job_type in ipairs(redis.call('HKEYS', KEY('types'))) do
    local flat, counts = redis.call('HGETALL', KEY('counts', job_type)), {}
    for i = 1, #flat, 2 do counts[flat[i]] = tonumber(flat[i + 1]) end
    local since = oldest_since(job_type)
    types[#types + 1] = {
        type = job_type,
        counts = counts,
        oldest = since and math.max(NOW - since, 0) or 0,
        workers = alive(KEY('serving', job_type)),
    }
end
return { types = types, alive = alive(KEY('workers')) }
