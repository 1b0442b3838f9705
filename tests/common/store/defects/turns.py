"""Defects of whose turn it is, and who is rung for."""

from __future__ import annotations

from tests.common.store.defects.defect import Defect

TURNS = (
    Defect(
        "a user who stays at the front",
        "lib/ready.lua",
        "redis.call('RPUSH', KEY('rotation', job_type), user)\n            else",
        "redis.call('LPUSH', KEY('rotation', job_type), user)\n            else",
        "ready",
    ),
    Defect("types not in turn", "claim.lua", "at = at + 1", "at = at", "ready"),
    Defect(
        "a cap of running jobs off by one",
        "lib/ready.lua",
        "running_of(user) >= LIMITS.user_max_running",
        "running_of(user) > LIMITS.user_max_running",
        "ready",
    ),
    Defect("a cap never released", "lib/lease.lua", "    unpark(job.field.user)\n", "", "ready"),
    Defect("a user not parked by a claim", "lib/ready.lua", "            park(job_type, user)\n", "", "ready"),
    Defect(
        "a user not parked by a submit",
        "lib/ready.lua",
        "        park(job_type, user)\n        return false",
        "        return false",
        "ready",
    ),
    Defect("a parked user kept for nothing", "lib/ready.lua", "    forget_parked(job_type, user)\n", "", "ready"),
    Defect(
        "a credit never taken",
        "lib/ready.lua",
        "KEY('credits', job_type), worker, -1)",
        "KEY('credits', job_type), worker, 0)",
        "ready",
    ),
    Defect("a credit believed for ever", "lib/ready.lua", "stored_end > NOW and ", "", "ready"),
    Defect("a credit believed from the future", "lib/ready.lua", " and stored_end <= NOW + HEARTBEAT_MS", "", "ready"),
    Defect("a renewal that sets a stale credit", "renew.lua", "if fresh then", "if true then", "ready"),
    Defect(
        "a closed worker's credit kept", "close.lua", "    set_credit(IN.worker, served.type, 0)\n", "", "invariants"
    ),
    Defect(
        "a claim that sets no credit", "claim.lua", "set_credit(IN.worker, job_type, left)", "local _ = left", "ready"
    ),
    Defect("a ring not sent again", "reap.lua", "if not ring(job_type) then break end", "break", "ready"),
    Defect("heads that don't follow", "lib/ready.lua", "drop[#drop + 1] = user", "", "invariants"),
    Defect("heads that are read before they are written", "lib/ready.lua", "    write_heads()\n", "", "batches"),
    Defect("a position off by one", "lib/ready.lua", "position = rank + 1", "position = rank", "standing"),
    Defect(
        "others left out of what is ahead",
        "lib/ready.lua",
        "ahead = users * (rank + 1) - 1",
        "ahead = rank",
        "standing",
    ),
    Defect(
        "one's own turn left out of what is ahead",
        "lib/ready.lua",
        "== 0 then users = users + 1 end",
        "== 0 then users = users end",
        "standing",
    ),
    Defect(
        "priority that counts for nothing",
        "lib/record.lua",
        "NOW - 1000 * number_of(job, 'priority')",
        "NOW",
        "priority",
    ),
    Defect(
        "priority without a bound",
        "lib/record.lua",
        "NOW - 1000 * number_of(job, 'priority')",
        "NOW - 10000 * number_of(job, 'priority')",
        "priority",
    ),
    Defect(
        "priority lost at the promotion",
        "reap.lua",
        "make_ready(job, place_of(job))",
        "make_ready(job, NOW)",
        "priority",
    ),
    Defect(
        "priority lost by an automatic retry",
        "lib/settle.lua",
        "make_ready(job, place_of(job))",
        "make_ready(job, NOW)",
        "priority",
    ),
    Defect(
        "priority lost by a retry by hand",
        "retry.lua",
        "make_ready(job, place_of(job))",
        "make_ready(job, NOW)",
        "priority",
    ),
    Defect(
        "a place lost by a hand-back",
        "lib/settle.lua",
        "make_ready(job, job.field.score)",
        "make_ready(job, place_of(job))",
        "runs",
    ),
)
