"""Defects of what time does: outages, promotion, retention."""

from __future__ import annotations

from tests.common.store.defects.defect import Defect

TIME = (
    Defect("no extension after an outage", "reap.lua", "call_in_parts('ZADD', KEY('leases'), later)", "", "reap"),
    Defect(
        "an extension without a bound",
        "reap.lua",
        "math.min(ends + gap, fresh)",
        "ends + gap",
        "reap",
    ),
    Defect(
        "an extension by the usual lease",
        "reap.lua",
        "job and job[LEASE] and NOW + job[LEASE] or fresh",
        "fresh",
        "invariants",
    ),
    Defect(
        "an extension that shortens a longer lease",
        "reap.lua",
        "math.max(ends, math.min(ends + gap, fresh))",
        "math.min(ends + gap, fresh)",
        "reap",
    ),
    Defect(
        "a clock that stepped back unnoticed",
        "reap.lua",
        "not gap or gap < 0 or gap > BLIND_MS",
        "not gap or gap > BLIND_MS",
        "reap",
    ),
    Defect("a round right after another", "reap.lua", "gap < APART_MS and not IN.again", "false", "reap"),
    Defect("a due job promoted twice", "reap.lua", "    redis.call('ZREM', KEY('delayed'), id)\n", "", "reap"),
    Defect(
        "retention that takes a live job",
        "retry.lua",
        "redis.call('ZREM', finished_key(status), job[ID])",
        "",
        "invariants",
    ),
    Defect(
        "retention that leaves an index behind",
        "reap.lua",
        "        redis.call('ZREM', KEY('jobs', job[USER]), id)\n",
        "",
        "reap",
    ),
    Defect(
        "retention that leaves a place among the completed",
        "reap.lua",
        "redis.call('LREM', KEY('completed', job[TYPE], job[USER]), 1, id)",
        "",
        "invariants",
    ),
    Defect(
        "completed jobs without a bound",
        "lib/settle.lua",
        "if over <= 0 then return end",
        "if true then return end",
        "reap",
    ),
    Defect("completed jobs that go too young", "lib/settle.lua", "NOW - YOUNG_MS", "NOW", "reap"),
    Defect("retention that leaves counters behind", "reap.lua", "        move(job, nil)\n", "", "reap"),
    Defect("retention that leaves parts behind", "reap.lua", "        remove(id)\n", "", "reap"),
    Defect(
        "retention of failed jobs as of completed ones",
        "reap.lua",
        "[STATUS.failed] = LIMITS.retention_failed_ms",
        "[STATUS.failed] = LIMITS.retention_completed_ms",
        "reap",
    ),
    Defect("a round without a bound", "reap.lua", "more, left = false, ROUND", "more, left = false, 100000", "reap"),
    Defect("a round that never says more", "reap.lua", "more = more or #ids > done", "", "reap"),
    Defect("a retry that leaves lifetimes", "retry.lua", "keep_secrets(job)\n", "", "people"),
    Defect(
        "a secret kept after completion",
        "lib/settle.lua",
        "redis.call('DEL', job_key(job[ID], part))",
        "local _ = 0",
        "runs",
    ),
    Defect(
        "a secret kept after any other end",
        "lib/settle.lua",
        "redis.call('PEXPIRE', job_key(job[ID], part), LIMITS.secrets_retry_ms)",
        "",
        "runs",
    ),
)
