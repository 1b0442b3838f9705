-- Makes job types known.
--   types     hash: type -> announcement, JSON      digests     hash: type -> digest of its announcement
--   announced hash: digest of a worker's announcements together -> when   served_at   hash: type -> when it was last served
-- in:  types[{type, digest, announcement}] digest only_missing
-- out: { }
-- idempotent: yes (it says what is)
-- memory: exempt (a worker must be able to start on a full server)
-- uses:

local MOST_DIGESTS = 1000 -- beyond that all are forgotten: whoever still serves announces again

for _, said in ipairs(IN.types) do
    if not (IN.only_missing and redis.call('HEXISTS', KEY('types'), said.type) == 1) then
        redis.call('HSET', KEY('types'), said.type, said.announcement)
        redis.call('HSET', KEY('digests'), said.type, said.digest)
    end
    redis.call('HSET', KEY('served_at'), said.type, NOW)
end
if not IN.only_missing then
    if redis.call('HLEN', KEY('announced')) >= MOST_DIGESTS then redis.call('DEL', KEY('announced')) end
    redis.call('HSET', KEY('announced'), IN.digest, NOW)
end
return {}
