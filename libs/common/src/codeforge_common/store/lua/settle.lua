-- Settles a worker's outcomes without claiming.
-- in:  worker outcomes[] (as claim.lua takes them)
-- out: { settled[verdict, status, ...], rings{type: n} }
-- idempotent: yes (an outcome that was taken is `done`)
-- memory: exempt (a full server must let running jobs end)
-- uses: record log counts ready lease timeline output report settle

return { settled = settle_all(IN.worker, IN.outcomes), rings = rings }
