-- Settles a worker's outcomes without claiming.
-- in:  worker outcomes[]
-- out: { settled[{verdict, status}], rings{type: n} }
-- idempotent: yes (an outcome that was taken is `done`)
-- memory: exempt (a full server must let running jobs end)
-- uses: record log counts ready lease timeline output report settle

local settled = {}
for i, outcome in ipairs(IN.outcomes) do settled[i] = settle(IN.worker, outcome) end
return { settled = settled, rings = rings }
