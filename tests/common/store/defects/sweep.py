"""Defects of the sweep."""

from __future__ import annotations

from tests.common.store.defects.defect import Defect

SWEEP = (
    Defect("orphans that stay", "sweep.lua", "remove(id)", "", "sweep"),
    Defect(
        "a lost place among a user's jobs",
        "sweep.lua",
        "expect(KEY('jobs', job[USER]), id, job[CREATED_AT])",
        "",
        "sweep",
    ),
    Defect(
        "a lost place among the finished",
        "sweep.lua",
        "expect(finished_key(status), id, job[COMPLETED_AT] or NOW)",
        "",
        "sweep",
    ),
    Defect(
        "a lost place among the completed", "sweep.lua", "if status == STATUS.completed then", "if false then", "sweep"
    ),
    Defect("a place among the completed that comes twice", "sweep.lua", "or redis.call('LPOS', key, id)", "", "sweep"),
    Defect("a lost lease", "sweep.lua", "expect(KEY('leases'), id, NOW)", "local _ = 0", "sweep"),
    Defect("a lost delay", "sweep.lua", "expect(KEY('delayed'), id, job[DUE] or NOW)", "", "sweep"),
    Defect("a lost place among the ready", "sweep.lua", "if place and (parked", "if (parked", "sweep"),
    Defect("a lost turn", "sweep.lua", "(parked or in_rotation(job_type, user))", "true", "sweep"),
    Defect("a list without its set", "sweep.lua", " or redis.call('LPOS', rotation, user)", " or true", "sweep"),
    Defect("a sweep that is never due", "reap.lua", "math.abs(NOW - swept_at) >= LIMITS.sweep_ms", "false", "sweep"),
    Defect(
        "a sweep that is due all the time", "reap.lua", "if sweep or not swept_at then", "if not swept_at then", "sweep"
    ),
)
