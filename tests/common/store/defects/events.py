"""Defects of what is told and counted."""

from __future__ import annotations

from tests.common.store.defects.defect import Defect

EVENTS = (
    Defect("an event not appended by a cancel", "cancel.lua", "        emit(job)\n", "", "invariants"),
    Defect(
        "an event not appended by an end",
        "lib/settle.lua",
        "    emit(job)\n    save(job)\n    local finished",
        "    save(job)\n    local finished",
    ),
    Defect("an event not appended by a claim", "claim.lua", "    emit(job)\n", ""),
    Defect("an event not appended by a promotion", "reap.lua", "        emit(job)\n", "", "invariants"),
    Defect("an event that isn't kept", "lib/log.lua", "at_end[#at_end + 1] = write_log", "", "create"),
    Defect("seq not raised", "lib/log.lua", "set(job, 'seq', number_of(job, 'seq') + 1)", "set(job, 'seq', 1)", "runs"),
    Defect(
        "a counter not moved by a retry",
        "retry.lua",
        "move(job, STATUS.waiting)",
        "set(job, 'status', STATUS.waiting)",
        "invariants",
    ),
    Defect("counters that are never written", "lib/counts.lua", "at_end[#at_end + 1] = write_counts", "", "people"),
    Defect(
        "counters that forget the call under way",
        "lib/counts.lua",
        "return stored(key, field) + (counted[key] and counted[key][field] or 0)",
        "return stored(key, field)",
        "ready",
    ),
)
