-- A worker's last call: hands back every lease that still names it; claims that come late under its id take nothing.
-- in:  worker serves[{type}]
-- out: { handed_back[job], rings{type: n} }
-- idempotent: yes (the second time there is nothing to hand back)
-- memory: exempt (a stop must work on a full server)
-- uses: record log counts ready lease timeline output report settle

remember_worker(IN.worker, 'closed', '1')
redis.call('ZREM', KEY('workers'), IN.worker)
for _, served in ipairs(IN.serves) do
    redis.call('ZREM', KEY('serving', served.type), IN.worker)
    set_credit(IN.worker, served.type, 0)
end
local handed_back = {}
local running = redis.call('ZRANGE', KEY('leases'), 0, -1)
for i, record in ipairs(read_all(running)) do
    -- Most of them are others': unpacking these would be the greatest part of the work.
    local job = record and string.find(record, IN.worker, 1, true) and load_job(running[i])
    if job and holds(job, IN.worker, job[TOKEN]) then
        hand_back(job, '"The worker has stopped."')
        handed_back[#handed_back + 1] = running[i]
    end
end
return { handed_back = handed_back, rings = rings }
