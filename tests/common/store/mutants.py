"""Deliberate defects of the scripts, each of which the suite must find: ``python -m tests.common.store.mutants``.

Prints the kill table; the exit code is the number of survivors. ``--only TEXT`` runs those whose name contains TEXT.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import codeforge_common.store

LUA = Path(codeforge_common.store.__file__).parent / "lua"
SUITE = Path(__file__).parent


@dataclass(frozen=True)
class Mutant:
    """A defect: in ``file``, the first ``old`` becomes ``new``."""

    name: str
    file: str
    old: str
    new: str


MUTANTS = (
    Mutant("finish without the token's check", "lib/lease.lua", " and number_of(job, 'token') == token", ""),
    Mutant("finish without the worker's check", "lib/lease.lua", "job.field.worker == worker and ", ""),
    Mutant(
        "progress without the lease's check",
        "report.lua",
        "if holder and take_report(job, report) then",
        "if job and take_report(job, report) then",
    ),
    Mutant("a token that a manual retry resets", "retry.lua", "raise_token(job)", "set(job, 'token', 0)"),
    Mutant("a token not raised by a claim", "lib/lease.lua", "    raise_token(job)\n", ""),
    Mutant("a repeated claim that takes new jobs", "claim.lua", "IN.number > seen", "IN.number >= seen"),
    Mutant("a late claim that takes jobs", "claim.lua", "IN.number > seen", "IN.number ~= seen"),
    Mutant("a closed worker that claims", "claim.lua", "if not state[2] then", "if true then"),
    Mutant("a renewal that sets a stale credit", "renew.lua", "if fresh then", "if true then"),
    Mutant(
        "a hand-back that counts an attempt",
        "lib/settle.lua",
        "set(job, 'attempts', number_of(job, 'attempts') - 1)",
        "",
    ),
    Mutant("a crash that isn't counted", "lib/settle.lua", "set(job, 'crashes', number_of(job, 'crashes') + 1)", ""),
    Mutant(
        "attempts off by one",
        "lib/settle.lua",
        "number_of(job, 'attempts') < number_of(job, 'attempts_max')",
        "number_of(job, 'attempts') <= number_of(job, 'attempts_max')",
    ),
    Mutant("crashes off by one", "lib/settle.lua", "crashes >= LIMITS.max_crashes", "crashes > LIMITS.max_crashes"),
    Mutant("a lease not extended", "renew.lua", "NOW + number_of(job, 'lease')", "NOW"),
    Mutant("no extension after an outage", "reap.lua", "redis.call('ZADD', KEY('leases'), ends, leases[i])", ""),
    Mutant("a lease left behind by finish", "lib/lease.lua", "redis.call('ZREM', KEY('leases'), job.id)", ""),
    Mutant("a holder left on the record by finish", "lib/lease.lua", "set(job, 'worker', nil)", ""),
    Mutant("a cancelled job left in the ready index", "cancel.lua", "unready(job)", "local _ = 0"),
    Mutant(
        "a cancel mark ignored by finish",
        "lib/settle.lua",
        "if job.field.cancel or outcome.kind",
        "if outcome.kind",
    ),
    Mutant(
        "a cancel mark ignored by reap",
        "lib/settle.lua",
        "+ 1)\n    if job.field.cancel then return rest(job, STATUS.cancelled) end",
        "+ 1)",
    ),
    Mutant(
        "a cancel mark ignored by hand-back",
        "lib/settle.lua",
        "release(job)\n    if job.field.cancel then return rest(job, STATUS.cancelled) end",
        "release(job)",
    ),
    Mutant("an event not appended", "cancel.lua", "emit(job)", ""),
    Mutant("seq not raised", "lib/log.lua", "set(job, 'seq', number_of(job, 'seq') + 1)", "set(job, 'seq', 1)"),
    Mutant(
        "a counter not moved by a retry", "retry.lua", "move(job, STATUS.waiting)", "set(job, 'status', STATUS.waiting)"
    ),
    Mutant(
        "a report taken twice",
        "lib/report.lua",
        "if report.number <= number_of(job, 'number') then return false end",
        "",
    ),
    Mutant("a due job promoted twice", "reap.lua", "redis.call('ZREM', KEY('delayed'), id)", ""),
    Mutant(
        "an idempotency key that ignores the body",
        "create.lua",
        "if digest ~= IN.idempotency.digest then",
        "if false then",
    ),
    Mutant("a cap never released", "lib/lease.lua", "    unpark(job.field.user)\n", ""),
    Mutant(
        "a credit never taken",
        "lib/ready.lua",
        "KEY('credits', job_type), worker, -1)",
        "KEY('credits', job_type), worker, 0)",
    ),
    Mutant("retention that takes a live job", "retry.lua", "redis.call('ZREM', KEY('finished'), job.id)", ""),
    Mutant("a retry that leaves lifetimes", "retry.lua", "redis.call('PERSIST', secret)", ""),
    Mutant("a secret kept after completion", "lib/settle.lua", "redis.call('DEL', job_key(job.id, ':secret'))", ""),
    Mutant("a rate that isn't kept", "create.lua", "if arrival then", "if false then"),
    Mutant("heads that don't follow", "lib/ready.lua", "redis.call('ZREM', KEY('heads', job_type), user)", ""),
)


def killed(mutant: Mutant, *, histories: int) -> bool:
    """Whether the suite fails with the defect in place. Raises ValueError where the defect's place isn't found."""
    with tempfile.TemporaryDirectory() as folder:
        lua = Path(folder) / "lua"
        shutil.copytree(LUA, lua)
        path = lua / mutant.file
        text = path.read_text()
        if mutant.old not in text:
            raise ValueError(f"{mutant.name}: {mutant.old!r} isn't in {mutant.file}")
        path.write_text(text.replace(mutant.old, mutant.new, 1))
        run = subprocess.run(
            [sys.executable, "-m", "pytest", str(SUITE), "-x", "-q", "-p", "no:randomly"],
            env={**os.environ, "STORE_LUA": str(lua), "STORE_HISTORIES": str(histories)},
            capture_output=True,
            check=False,
        )
    return run.returncode == 1


def main() -> int:
    """Runs the mutants and prints a line for each."""
    options = argparse.ArgumentParser()
    options.add_argument("--only", default="")
    options.add_argument("--histories", type=int, default=200)
    given = options.parse_args()
    survivors = 0
    for mutant in MUTANTS:
        if given.only in mutant.name:
            dead = killed(mutant, histories=given.histories)
            survivors += not dead
            sys.stdout.write(f"{'killed  ' if dead else 'SURVIVED'}  {mutant.name}\n")
            sys.stdout.flush()
    return survivors


if __name__ == "__main__":
    sys.exit(main())
