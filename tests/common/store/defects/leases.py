"""Defects of the right to run a job: tokens, claim numbers, leases."""

from __future__ import annotations

from tests.common.store.defects.defect import Defect

_ENDED = "job and job.field.ended == string.format('%.0f %s', report.token, IN.worker)"

LEASES = (
    Defect("finish without the token's check", "lib/lease.lua", " and number_of(job, 'token') == token", ""),
    Defect(
        "finish without the worker's check", "lib/lease.lua", "job.field.worker == worker and ", "job.field.worker and "
    ),
    Defect("progress without the lease's check", "report.lua", "if holder then", "if job then"),
    Defect("progress accepted after finish", "report.lua", "if holder then", f"if holder or ({_ENDED}) then"),
    Defect("a token that a manual retry resets", "retry.lua", "raise_token(job)", "set(job, 'token', 0)"),
    Defect("a token not raised by a manual retry", "retry.lua", "raise_token(job)\n", "\n"),
    Defect("a token not raised by a claim", "lib/lease.lua", "    raise_token(job)\n", ""),
    Defect("a token not raised by a reap or a hand-back", "lib/settle.lua", "    raise_token(job)\n", ""),
    Defect(
        "a repeated claim that takes new jobs", "claim.lua", "IN.number > seen", "IN.number >= seen", "claim_numbers"
    ),
    Defect("a repeated claim that answers nothing", "claim.lua", "runs = taken_before()", "", "claim_numbers"),
    Defect("a late claim that takes jobs", "claim.lua", "IN.number > seen", "IN.number ~= seen", "claim_numbers"),
    Defect("a closed worker that claims", "claim.lua", "if not state[2] then", "if true then"),
    Defect("a lease not extended", "renew.lua", "NOW + number_of(job, 'lease')", "NOW"),
    Defect("a lease extended for whoever asks", "renew.lua", "if holder then", "if job then"),
    Defect("an asserted lease not extended", "hold.lua", "extend(job, NOW + number_of(job, 'lease'))", "", "steps"),
    Defect(
        "a renewal that makes the lease of a finished job again",
        "renew.lua",
        "if holder then extend(job, NOW + number_of(job, 'lease'))",
        "if job then extend(job, NOW + LIMITS.lease_ms)",
    ),
    Defect(
        "a lease left behind by finish", "lib/lease.lua", "call_in_parts('ZREM', KEY('leases'), jobs)", "", "invariants"
    ),
    Defect(
        "a holding left behind by finish",
        "lib/lease.lua",
        "call_in_parts('HDEL', KEY('held', worker), jobs)",
        "",
        "large_calls",
    ),
    Defect("a holder left on the record by finish", "lib/lease.lua", "    set(job, 'worker', nil)\n", ""),
    Defect(
        "a finish that isn't known again", "lib/lease.lua", "set(job, 'ended', job.field.token .. ' ' .. worker)", ""
    ),
    Defect(
        "a lease lost where a call ends a run and begins the next",
        "lib/lease.lua",
        "    for worker, jobs in pairs(released) do\n",
        "    call_in_parts('ZADD', KEY('leases'), lease_ends)\n    lease_ends = {}\n"
        "    for worker, jobs in pairs(released) do\n",
        "large_calls",
    ),
)
