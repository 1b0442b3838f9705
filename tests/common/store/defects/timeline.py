"""Defects of the timeline."""

from __future__ import annotations

from tests.common.store.defects.defect import Defect

TIMELINE = (
    Defect("a crash that isn't told", "lib/settle.lua", "    note(job, MOMENT.crashed,", "    local _ = (", "timeline"),
    Defect(
        "a crash that doesn't tell its claim",
        "lib/settle.lua",
        "    note(job, MOMENT.crashed,",
        "    set(job, WORKER, nil)\n    note(job, MOMENT.crashed,",
        "timeline",
    ),
    Defect("a claim told with each moment", "lib/timeline.lua", "        set(job, NOTED, token)\n", "", "timeline"),
    Defect(
        "claims that aren't told",
        "lib/timeline.lua",
        "if not worker or job[NOTED] == token then return nil end",
        "if true then return nil end",
        "timeline",
    ),
    Defect(
        "a moment before the claim that it follows",
        "lib/timeline.lua",
        "redis.call('RPUSH', key, claimed)",
        "redis.call('LPUSH', key, claimed)",
        "timeline",
    ),
    Defect("a timeline without a cap", "lib/timeline.lua", "redis.call('LTRIM', key, over, -1)", "", "timeline"),
    Defect(
        "a cap that drops the newest",
        "lib/timeline.lua",
        "redis.call('LTRIM', key, over, -1)",
        "redis.call('LTRIM', key, 0, -over - 1)",
        "timeline",
    ),
    Defect(
        "dropped moments that aren't counted",
        "lib/timeline.lua",
        "set(job, FORGOTTEN, (job[FORGOTTEN] or 0) + over)",
        "set(job, FORGOTTEN, over)",
        "timeline",
    ),
    Defect("a submission dropped uncounted", "timeline.lua", "dropped = dropped + 1", "dropped = dropped", "timeline"),
    Defect(
        "an end stored that the record tells",
        "lib/settle.lua",
        "if status ~= STATUS.completed then\n        note",
        "if true then\n        note",
        "timeline",
    ),
    Defect(
        "a cancel without its reason", "cancel.lua", "reason = IN.reason and cjson.encode(IN.reason) }", "}", "timeline"
    ),
    Defect(
        "a retry without who asked", "retry.lua", "    by = IN.caller and cjson.encode(IN.caller),\n", "", "timeline"
    ),
    Defect(
        "a failure without its reason",
        "lib/settle.lua",
        "MOMENT.cancelled, { reason = reason })",
        "MOMENT.cancelled, {})",
        "timeline",
    ),
    Defect("another user's timeline", "timeline.lua", "if not may_see(job, IN.caller)", "if not job", "timeline"),
)
