-- Looks at some jobs' keys for what no index knows any more, and mends it. Nothing of this should ever be needed: it is
-- for a store that was restored in part, or that somebody tampered with.
-- in:  ids[] (from the names of keys)
-- out: { orphans, mended }
-- idempotent: yes (it makes what is there consistent)
-- memory: exempt
-- uses: record log counts ready lease timeline output report settle

local orphans, mended = 0, 0

local function expect(key, id, score)
    if redis.call('ZSCORE', key, id) then return end
    redis.call('ZADD', key, score, id)
    mended = mended + 1
end

for _, id in ipairs(IN.ids) do
    local job = load_job(id)
    local status = job and job.field.status
    if not status then
        remove({ id = id })
        orphans = orphans + 1
    else
        expect(KEY('jobs', job.field.user), id, job.field.created_at)
        if TERMINAL[status] then
            expect(finished_key(status), id, job.field.completed_at or NOW)
        elseif status == STATUS.active then
            expect(KEY('leases'), id, NOW) -- the next round takes it, and the job runs again
        elseif status == STATUS.delayed then
            expect(KEY('delayed'), id, job.field.due or NOW)
        elseif status == STATUS.waiting
            and not redis.call('ZSCORE', KEY('ready', job.field.type, job.field.user), id) then
            make_ready(job, place_of(job))
            save(job)
            mended = mended + 1
        end
    end
end
return { orphans = orphans, mended = mended, rings = rings }
