"""Defects of batches."""

from __future__ import annotations

from tests.common.store.defects.defect import Defect

BATCHES = (
    Defect(
        "one job too many in a batch",
        "claim.lua",
        "for taken = 1, served.batch do",
        "for taken = 0, served.batch do",
        "batches",
    ),
    Defect(
        "a batch that costs no slot",
        "claim.lua",
        "if not job then return taken > 1 end",
        "if not job then return false end",
        "batches",
    ),
    Defect(
        "a full batch that waits",
        "claim.lua",
        ">= served.batch then return false",
        "> served.batch then return false",
        "batches",
    ),
    Defect(
        "a batch that never waits",
        "claim.lua",
        "if served.batch > 1 and should_gather(served) then return false end",
        "",
        "batches",
    ),
    Defect(
        "a batch that waits for ever",
        "claim.lua",
        "if left <= 0 or left > served.gather then return false end",
        "left = math.max(left, 1)",
        "batches",
    ),
    Defect("a batch that waits for the clock", "claim.lua", " or left > served.gather then", " then", "batches"),
    Defect(
        "the longest time to gather",
        "claim.lua",
        "math.min(gathering or left, left)",
        "math.max(gathering or left, left)",
        "batches",
    ),
)
