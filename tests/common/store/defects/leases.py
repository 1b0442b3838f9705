"""Defects of the right to run a job: tokens, claim numbers, leases."""

from __future__ import annotations

from tests.common.store.defects.defect import Defect

_WRITES = (
    "    call_in_parts('ZREM', KEY('leases'), released)\n",
    "    call_in_parts('ZADD', KEY('leases'), lease_ends)\n",
)

TOKENS = (
    Defect(
        "finish without the token's check",
        "lib/lease.lua",
        " and job[TOKEN] == token and job[STATE]",
        " and job[STATE]",
    ),
    Defect(
        "finish without the worker's check",
        "lib/lease.lua",
        "return job[WORKER] == worker and job[TOKEN] == token and",
        "return job[TOKEN] == token and",
    ),
    Defect("a run held after its end", "lib/lease.lua", " and job[STATE] == STATUS.active", ""),
    Defect("progress without the lease's check", "report.lua", "if holder then", "if job then"),
    Defect(
        "progress accepted after finish",
        "report.lua",
        "if holder then",
        "if holder or job and has_ended(job, IN.worker, report.token) then",
    ),
    Defect("a token that a manual retry resets", "retry.lua", "raise_token(job)", "set(job, TOKEN, 0)"),
    Defect("a token not raised by a manual retry", "retry.lua", "raise_token(job)\n", "\n"),
    Defect("a token not raised by a claim", "lib/lease.lua", "    raise_token(job)\n", ""),
    Defect("a token not raised by a reap or a hand-back", "lib/settle.lua", "    raise_token(job)\n", ""),
    Defect(
        "a token below the clock", "lib/record.lua", "math.max((job[TOKEN] or 0) + 1, NOW)", "(job[TOKEN] or 0) + 1"
    ),
    Defect("a token that is the clock", "lib/record.lua", "math.max((job[TOKEN] or 0) + 1, NOW)", "NOW", "invariants"),
)

CLAIM_NUMBERS = (
    Defect(
        "a repeated claim that takes new jobs", "claim.lua", "IN.number > seen", "IN.number >= seen", "claim_numbers"
    ),
    Defect(
        "a repeated claim that answers nothing",
        "claim.lua",
        "runs = taken_before(cmsgpack.unpack(claimed))",
        "",
        "claim_numbers",
    ),
    Defect(
        "a repeated claim that answers what has ended",
        "claim.lua",
        "if job and holds(job, IN.worker, job[TOKEN]) then",
        "if job then",
        "claim_numbers",
    ),
    Defect(
        "a claim that doesn't remember its jobs",
        "claim.lua",
        "cmsgpack.pack(claimed))",
        "cmsgpack.pack({}))",
        "claim_numbers",
    ),
    Defect(
        "a claim that doesn't remember its number",
        "claim.lua",
        "'number', IN.number, 'claimed'",
        "'claimed'",
        "claim_numbers",
    ),
    Defect("a late claim that takes jobs", "claim.lua", "IN.number > seen", "IN.number ~= seen", "claim_numbers"),
    Defect(
        "a worker that is forgotten while it renews",
        "renew.lua",
        "redis.call('EXPIRE', KEY('worker', IN.worker), WORKER_MEMORY_SECONDS)",
        "",
        "claim_numbers",
    ),
    Defect("a closed worker that claims", "claim.lua", "if not closed then", "if true then"),
    Defect("a close that isn't remembered", "close.lua", "remember_worker(IN.worker, 'closed', '1')", ""),
    Defect(
        "a close that hands back others' jobs",
        "close.lua",
        "if job and holds(job, IN.worker, job[TOKEN]) then",
        "if job then",
    ),
    Defect("a closed worker that counts as alive", "close.lua", "redis.call('ZREM', KEY('workers'), IN.worker)", ""),
    Defect(
        "a closed worker that serves its types",
        "close.lua",
        "redis.call('ZREM', KEY('serving', served.type), IN.worker)",
        "",
    ),
)

LEASES = (
    Defect("a lease not extended", "renew.lua", "    if holder then extend(job) end\n", ""),
    Defect("a lease extended for whoever asks", "renew.lua", "if holder then", "if job and job[LEASE] then"),
    Defect("a lease of the usual length", "lib/lease.lua", "set(job, LEASE, lease_ms)", "set(job, LEASE, 10000)"),
    Defect("an asserted lease not extended", "hold.lua", "if holder then extend(job) end", "", "steps"),
    Defect(
        "a renewal that makes the lease of a finished job again",
        "renew.lua",
        "if holder then",
        "if holder or job and TERMINAL[job[STATE]] and job[LEASE] then",
        "invariants",
    ),
    Defect("a lease left behind by finish", "lib/lease.lua", _WRITES[0], "", "invariants"),
    Defect(
        "a lease lost where a call ends a run and begins the next",
        "lib/lease.lua",
        _WRITES[0] + _WRITES[1],
        _WRITES[1] + _WRITES[0],
        "large_calls",
    ),
    Defect(
        "numbers of reports that outlive their run",
        "claim.lua",
        "    if job[NUMBER] then job[NUMBER] = false end\n",
        "",
        "output",
    ),
)

ENDED = (
    Defect(
        "a finish that isn't known again",
        "lib/lease.lua",
        "return job[WORKER] == worker and job[TOKEN] == token or ",
        "return ",
    ),
    Defect(
        "a finish that isn't known again after the next claim",
        "lib/lease.lua",
        " or job[ENDED] == string.format('%.0f ', token) .. worker",
        "",
    ),
    Defect(
        "a finish that is known to any worker",
        "lib/lease.lua",
        "return job[WORKER] == worker and job[TOKEN] == token or ",
        "return job[TOKEN] == token or ",
    ),
    Defect(
        "a finish that is known by any token",
        "lib/lease.lua",
        "return job[WORKER] == worker and job[TOKEN] == token or ",
        "return job[WORKER] == worker or ",
    ),
    Defect("an end forgotten by a claim", "lib/lease.lua", "    remember_end(job)\n", ""),
    Defect("an end forgotten by a hand-back", "lib/settle.lua", "    remember_end(job)\n", ""),
    Defect("an end forgotten by a retry by hand", "retry.lua", "remember_end(job)\n", "", "people"),
    Defect("a crash that keeps the worker", "lib/settle.lua", "    set(job, WORKER, nil)", "   "),
    Defect("a crash taken for an end", "lib/settle.lua", "    set(job, WORKER, nil)", "    remember_end(job)"),
    Defect(
        "a crash that forgets an earlier end",
        "lib/settle.lua",
        "    set(job, WORKER, nil)",
        "    set(job, WORKER, nil)\n    set(job, ENDED, nil)",
    ),
)
