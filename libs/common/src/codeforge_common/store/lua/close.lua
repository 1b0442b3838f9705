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
for _, id in ipairs(redis.call('HKEYS', KEY('held', IN.worker))) do
    local job = load_job(id)
    if job and holds(job, IN.worker, number_of(job, 'token')) then
        hand_back(job, '"The worker has stopped."')
        handed_back[#handed_back + 1] = id
    end
end
return { handed_back = handed_back, rings = rings }
