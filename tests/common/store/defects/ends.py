"""Defects of how a run ends: attempts, crashes, cancel."""

from __future__ import annotations

from tests.common.store.defects.defect import Defect

ATTEMPTS = (
    Defect(
        "a hand-back that counts an attempt",
        "lib/settle.lua",
        "    set(job, 'attempts', number_of(job, 'attempts') - 1)\n",
        "",
    ),
    Defect(
        "a crash counted as a failure",
        "lib/settle.lua",
        "    set(job, 'crashes', number_of(job, 'crashes') + 1)\n",
        "    set(job, 'crashes', number_of(job, 'crashes') + 1)\n"
        "    set(job, 'attempts', number_of(job, 'attempts') + 1)\n",
    ),
    Defect("a crash that isn't counted", "lib/settle.lua", "set(job, 'crashes', number_of(job, 'crashes') + 1)", ""),
    Defect(
        "one attempt too many",
        "lib/settle.lua",
        "number_of(job, 'attempts') < number_of(job, 'attempts_max')",
        "number_of(job, 'attempts') <= number_of(job, 'attempts_max')",
    ),
    Defect(
        "one attempt too few",
        "lib/settle.lua",
        "number_of(job, 'attempts') < number_of(job, 'attempts_max')",
        "number_of(job, 'attempts') + 1 < number_of(job, 'attempts_max')",
    ),
    Defect("crashes off by one", "lib/settle.lua", "crashes >= LIMITS.max_crashes", "crashes > LIMITS.max_crashes"),
    Defect("a retry by hand that keeps counters", "retry.lua", "'attempts', 'crashes', ", "", "people"),
    Defect("the same retry by hand twice", "retry.lua", "if job.field.retry_id == IN.request", "if false", "people"),
)

CANCEL = (
    Defect("a cancelled job left in the ready index", "cancel.lua", "unready(job)", "local _ = 0", "people"),
    Defect(
        "a cancelled job left among the delayed",
        "cancel.lua",
        "redis.call('ZREM', KEY('delayed'), job.id)",
        "local _ = 0",
        "invariants",
    ),
    Defect(
        "a cancel mark ignored by finish",
        "lib/settle.lua",
        "if job.field.cancel or outcome.kind",
        "if outcome.kind",
        "people",
    ),
    Defect(
        "a cancel mark ignored by reap",
        "lib/settle.lua",
        "in time.\"' })\n    if job.field.cancel then return rest(job, STATUS.cancelled) end\n",
        "in time.\"' })\n",
        "people",
    ),
    Defect(
        "a cancel mark ignored by hand-back",
        "lib/settle.lua",
        "{ reason = reason })\n    if job.field.cancel then return rest(job, STATUS.cancelled) end\n",
        "{ reason = reason })\n",
        "people",
    ),
    Defect(
        "a cancel of a finished job",
        "cancel.lua",
        "elseif status ~= STATUS.cancelled then",
        "elseif false then",
        "people",
    ),
    Defect("another user's job cancelled", "cancel.lua", "if not may_see(job, IN.caller)", "if not job", "people"),
)
