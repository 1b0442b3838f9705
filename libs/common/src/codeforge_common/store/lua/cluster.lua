-- The whole installation at a glance.
-- in:  (nothing)
-- out: { types[{type, counts{status: n}, oldest, workers}], alive }
-- idempotent: yes (it reads)
-- memory: exempt
-- uses: record

local function alive(key)
    return redis.call('ZCOUNT', key, string.format('(%.0f', NOW), NOW + HEARTBEAT_MS)
end

-- How long the first ready job of the type, by its place, has been waiting.
local function oldest(job_type)
    local user = redis.call('ZRANGE', KEY('heads', job_type), 0, 0)[1]
    local id = user and redis.call('ZRANGE', KEY('ready', job_type, user), 0, 0)[1]
    local since = id and tonumber(redis.call('HGET', job_key(id), 'since'))
    return since and math.max(NOW - since, 0) or 0
end

local types = {}
for _, job_type in ipairs(redis.call('HKEYS', KEY('types'))) do
    local flat, counts = redis.call('HGETALL', KEY('counts', job_type)), {}
    for i = 1, #flat, 2 do counts[flat[i]] = tonumber(flat[i + 1]) end
    types[#types + 1] = {
        type = job_type,
        counts = counts,
        oldest = oldest(job_type),
        workers = alive(KEY('serving', job_type)),
    }
end
return { types = types, alive = alive(KEY('workers')) }
