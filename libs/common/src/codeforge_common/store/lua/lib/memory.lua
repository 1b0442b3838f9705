-- How full the server is, and what goes for it.
--
--   pressure   `full` while new jobs are refused; absent otherwise
--
-- From TIGHT of the budget on finished jobs go, the oldest first; from FULL on new ones are refused as well. The rest
-- is for what runs: renewals, outcomes and events must find room.

local TIGHT, FULL = 0.85, 0.95
local DEFAULT_BYTES = 512 * 1048576

-- Bytes in use, and the budget.
local function memory_in_use()
    local said = redis.call('INFO', 'memory')
    local used = tonumber(string.match(said, 'used_memory:(%d+)'))
    local most = tonumber(string.match(said, 'maxmemory:(%d+)')) or 0
    local budget = LIMITS.store_max_bytes
    if budget == 0 then budget = most > 0 and most or DEFAULT_BYTES end
    if most > 0 then budget = math.min(budget, most) end
    return used, budget
end

-- Whether finished jobs must go.
local function look_at_memory()
    local used, budget = memory_in_use()
    if used >= FULL * budget then
        redis.call('SET', KEY('pressure'), 'full')
    else
        redis.call('DEL', KEY('pressure'))
    end
    return used >= TIGHT * budget
end

-- The job that has been at rest for the longest time: the index that it stands in, and its id. Nil: there is none.
local function oldest_finished()
    local found, key, id = nil, nil, nil
    for _, kind in ipairs({ STATUS.completed, STATUS.failed }) do
        local first = redis.call('ZRANGE', KEY('finished', kind), 0, 0, 'WITHSCORES')
        if first[1] and (not found or tonumber(first[2]) < found) then
            found, key, id = tonumber(first[2]), KEY('finished', kind), first[1]
        end
    end
    return key, id
end
