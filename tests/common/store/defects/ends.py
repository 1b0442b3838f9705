"""Defects of how a run ends: attempts, crashes, cancel."""

from __future__ import annotations

from tests.common.store.defects.defect import Defect

_COUNT_CRASH = "    set(job, CRASHES, (job[CRASHES] or 0) + 1)\n"

ATTEMPTS = (
    Defect(
        "a hand-back that counts an attempt",
        "lib/settle.lua",
        "    raise_token(job)\n    set(job, ATTEMPTS, job[ATTEMPTS] - 1)\n",
        "    raise_token(job)\n",
    ),
    Defect(
        "a hand-back that counts a crash",
        "lib/settle.lua",
        "    remember_end(job)\n",
        "    remember_end(job)\n" + _COUNT_CRASH,
    ),
    Defect(
        "a crash counted as a failure",
        "lib/settle.lua",
        _COUNT_CRASH,
        _COUNT_CRASH + "    set(job, ATTEMPTS, job[ATTEMPTS] + 1)\n",
    ),
    Defect("a crash that isn't counted", "lib/settle.lua", "(job[CRASHES] or 0) + 1", "job[CRASHES] or 0"),
    Defect(
        "a last crash counted as a failure",
        "lib/settle.lua",
        "        set(job, ATTEMPTS, job[ATTEMPTS] - 1)\n        fail",
        "        fail",
    ),
    Defect(
        "one attempt too many",
        "lib/settle.lua",
        "job[ATTEMPTS] < job[ATTEMPTS_MAX]",
        "job[ATTEMPTS] <= job[ATTEMPTS_MAX]",
    ),
    Defect(
        "one attempt too few",
        "lib/settle.lua",
        "job[ATTEMPTS] < job[ATTEMPTS_MAX]",
        "job[ATTEMPTS] + 1 < job[ATTEMPTS_MAX]",
    ),
    Defect("crashes off by one", "lib/settle.lua", "job[CRASHES] >= LIMITS", "job[CRASHES] > LIMITS"),
    Defect("a retry by hand that keeps attempts", "retry.lua", "ipairs({ ATTEMPTS, ", "ipairs({ ", "people"),
    Defect("a retry by hand that keeps crashes", "retry.lua", ", CRASHES })", " })", "people"),
    Defect("a retry by hand that keeps the cancel mark", "retry.lua", " CANCEL, CRASHES", " CRASHES", "people"),
    Defect(
        "a retry by hand that keeps the result",
        "retry.lua",
        "redis.call('DEL', job_key(job[ID], ':result'), job_key(job[ID], ':brief'))",
        "",
        "people",
    ),
    Defect("a retry by hand that keeps the error", "retry.lua", "clear_error(job)\n", "", "people"),
    Defect("a claim that keeps the last error", "claim.lua", "    clear_error(job)\n", "", "invariants"),
    Defect("the same retry by hand twice", "retry.lua", "if job[RETRY_ID] == IN.request", "if false", "people"),
)

CANCEL = (
    Defect("a cancelled job left in the ready index", "cancel.lua", "unready(job)", "local _ = 0", "people"),
    Defect(
        "a cancelled job left among the delayed",
        "cancel.lua",
        "redis.call('ZREM', KEY('delayed'), job[ID])",
        "local _ = 0",
        "invariants",
    ),
    Defect("a cancelled job that stays due", "cancel.lua", "    set(job, DUE, nil)\n", "", "invariants"),
    Defect(
        "a cancelled job that doesn't say so",
        "cancel.lua",
        "    set(job, CANCEL, true)\n    set(job, DUE, nil)\n",
        "    set(job, DUE, nil)\n",
        "people",
    ),
    Defect(
        "a cancel that the worker isn't told", "lib/lease.lua", "job[CANCEL] and VERDICT.cancelled or ", "", "people"
    ),
    Defect(
        "a cancel mark ignored by finish",
        "lib/settle.lua",
        "if kind == OUTCOME.completed and not job[CANCEL] then",
        "if kind == OUTCOME.completed then",
        "people",
    ),
    Defect(
        "a cancel mark ignored by a failure",
        "lib/settle.lua",
        "elseif job[CANCEL] or kind",
        "elseif kind",
        "people",
    ),
    Defect(
        "a cancel mark ignored by reap",
        "lib/settle.lua",
        "comes too late\n    if job[CANCEL] then\n",
        "comes too late\n    if false then\n",
        "people",
    ),
    Defect("an end by cancel that nobody counts", "cancel.lua", "    count_end(job)\n", "", "people"),
    Defect(
        "an end by poison that nobody counts",
        "lib/settle.lua",
        "cjson.encode(reason))\n        return count_end(job)",
        "cjson.encode(reason))\n        return",
        "reap",
    ),
    Defect(
        "an end of a marked job that nobody counts",
        "lib/settle.lua",
        "rest(job, STATUS.cancelled)\n        return count_end(job)",
        "rest(job, STATUS.cancelled)\n        return",
        "people",
    ),
    Defect(
        "a cancel mark ignored by hand-back",
        "lib/settle.lua",
        "{ reason = reason })\n    if job[CANCEL] then return rest(job, STATUS.cancelled) end\n",
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
