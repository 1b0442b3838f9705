"""Defects of what is told and counted."""

from __future__ import annotations

from tests.common.store.defects.defect import Defect

EVENTS = (
    Defect("an event not appended by a submit", "create.lua", "    emit(job)\n", "    save(job)\n", "create"),
    Defect(
        "an event not appended by a cancel", "cancel.lua", "        emit(job)\n", "        save(job)\n", "invariants"
    ),
    Defect("an event not appended by an end", "lib/settle.lua", "    emit(job, result)\n", "    save(job)\n"),
    Defect(
        "an event not appended by a claim",
        "claim.lua",
        "run_of(job, emit(job), body, steps)",
        "run_of(job, save(job), body, steps)",
    ),
    Defect(
        "an event not appended by a report", "report.lua", "then emit(job) else save(job) end", "then save(job) end"
    ),
    Defect(
        "an event not appended by a promotion", "reap.lua", "        emit(job)\n", "        save(job)\n", "invariants"
    ),
    Defect(
        "an event not appended by a reap or a hand-back",
        "lib/settle.lua",
        "    make_ready(job, job[PLACE])\n    emit(job)\n",
        "    make_ready(job, job[PLACE])\n    save(job)\n",
    ),
    Defect(
        "an event not appended by a retry",
        "lib/settle.lua",
        "        make_ready(job, place_of(job))\n    end\n    emit(job)\n",
        "        make_ready(job, place_of(job))\n    end\n    save(job)\n",
    ),
    Defect("an event not appended by a retry by hand", "retry.lua", "emit(job)\n", "save(job)\n", "people"),
    Defect("an event that isn't kept", "lib/log.lua", "at_end[#at_end + 1] = write_log", "", "create"),
    Defect(
        "events of a call in reverse",
        "lib/log.lua",
        "updates[#updates + 1] = more or record",
        "table.insert(updates, 1, more or record)",
    ),
    Defect("seq not raised", "lib/log.lua", "job[SEQ] = job[SEQ] + 1", "job[SEQ] = 1"),
    Defect("an event that keeps the last one's time", "lib/log.lua", "    job[UPDATED_AT] = NOW\n", ""),
    Defect("an event without its log lines", "lib/log.lua", "lines and table.concat(lines, ',') or false", "false"),
    Defect("an event with all log lines", "lib/log.lua", "-UPDATE_LOG_LINES, -1", "0, -1"),
    Defect("an event without its error", "lib/log.lua", "failure or false", "false"),
    Defect("an event without its result", "lib/log.lua", "result or false", "false"),
    Defect("an event without a result that stands alone", "lib/log.lua", " or result) then", ") then", "invariants"),
    Defect(
        "an event without an error that stands alone",
        "lib/log.lua",
        "(job[LOG_BYTES] or job[ERROR] or",
        "(job[LOG_BYTES] or",
    ),
    Defect(
        "a counter not moved by a retry",
        "retry.lua",
        "move(job, STATUS.waiting)",
        "set(job, STATE, STATUS.waiting)",
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
    Defect(
        "a counter kept for nothing", "lib/counts.lua", "redis.call('HDEL', key, names[1])", "local _ = 0", "invariants"
    ),
)

LOG = (
    Defect(
        "a log that isn't numbered", "lib/log.lua", "(tonumber(state[1]) or 0) + 1", "tonumber(state[1]) or 0", "reap"
    ),
    Defect(
        "a log over its bytes", "lib/log.lua", "return all - gone > LIMITS.event_log_max_bytes", "return false", "reap"
    ),
    Defect("a log over its age", "lib/log.lua", "tonumber(string.match(head[1], '^%d+')) < oldest", "false", "reap"),
    Defect("a log that drops its newest entry", "lib/log.lua", " or heads[1][1] == newest", "", "reap"),
    Defect(
        "a log whose position stays behind",
        "lib/log.lua",
        "'dropped', dropped, 'last', id)",
        "'dropped', dropped)",
        "people",
    ),
)
