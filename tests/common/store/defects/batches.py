"""Defects of batches."""

from __future__ import annotations

from tests.common.store.defects.defect import Defect

BATCHES = (
    Defect(
        "one job too many in a batch",
        "claim.lua",
        "start_some(served, served.batch, runs, claimed)",
        "start_some(served, served.batch + 1, runs, claimed)",
        "batches",
    ),
    Defect(
        "a batch that costs no slot",
        "claim.lua",
        "return started > 0 and filled + 1 or filled end",
        "return filled end",
        "batches",
    ),
    Defect(
        "an empty batch that costs a slot",
        "claim.lua",
        "return started > 0 and filled + 1 or filled end",
        "return filled + 1 end",
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
        "        if should_gather(served) then return filled end\n",
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
