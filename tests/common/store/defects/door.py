"""Defects of what guards the door."""

from __future__ import annotations

from tests.common.store.defects.defect import Defect

DOOR = (
    Defect(
        "a submit twice under one id",
        "create.lua",
        "if before then\n",
        "if false then\n",
        "invariants",
    ),
    Defect(
        "an idempotency key that ignores the body",
        "create.lua",
        "if digest ~= asked.idempotency.digest then",
        "if false then",
        "create",
    ),
    Defect("an idempotency key kept for ever", "create.lua", "value, 'PX', IDEMPOTENCY_MS)", "value)", "create"),
    Defect(
        "an idempotency key that a repeat keeps for ever",
        "create.lua",
        "remembered, 'KEEPTTL')",
        "remembered)",
        "create",
    ),
    Defect("a repeated submit that writes nothing", "create.lua", "        save(before)\n", "", "durability"),
    Defect(
        "a repeated key that writes nothing",
        "create.lua",
        "    redis.call('SET', key, remembered, 'KEEPTTL')\n",
        "",
        "durability",
    ),
    Defect("an idempotency key that isn't kept", "create.lua", "if asked.idempotency then", "if false then", "create"),
    Defect(
        "a rate that isn't kept",
        "lib/rate.lua",
        "redis.call('SET', key, string.format('%.3f', arrival), 'PX', reset)",
        "",
        "create",
    ),
    Defect(
        "a waiting cap off by one", "create.lua", ">= LIMITS.user_max_waiting", "> LIMITS.user_max_waiting", "create"
    ),
    Defect(
        "a waiting cap that counts nothing delayed",
        "lib/counts.lua",
        "[STATUS.waiting] = true, [STATUS.delayed] = true",
        "[STATUS.waiting] = true",
        "create",
    ),
    Defect("a run_at that isn't kept", "create.lua", "asked.run_at or 0", "0", "priority"),
    Defect(
        "the earlier one of a delay and a run_at",
        "create.lua",
        "math.max(NOW + asked.delay, asked.run_at or 0)",
        "asked.run_at or NOW + asked.delay",
        "priority",
    ),
    Defect("a full store that takes new jobs", "create.lua", "if full then", "if false then", "budget"),
)
