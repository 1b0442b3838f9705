"""One holder at a time: no run without its lease, no write but the holder's, no result of anybody else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from codeforge_common.job import Status
from tests.chaos.check.runs import Placed
from tests.chaos.check.tenures import Tenure
from tests.chaos.check.violation import Rule, Violation
from tests.chaos.history import History

IN_STEPS = "chaos_steps"
"""Runs of this type go on where earlier ones have stopped."""
IN_A_CHILD = "chaos_blocking"
"""Runs of this type aren't frozen with their worker, so nothing excuses a late line of theirs."""


def overlapping(placed: Sequence[Placed]) -> Iterator[tuple[Placed, Placed]]:
    """Pairs of runs of one job that were at work at the same time."""
    return ((one, two) for one, two in combinations(placed, 2) if one.run.overlaps(two.run))


def excused(pair: tuple[Placed, Placed]) -> bool:
    """Whether a lost claim or a freeze explains an overlap."""
    return any(each.woken or (each.tenure is not None and each.tenure.lost_with is not None) for each in pair)


def check_runs(placed: Mapping[str, Sequence[Placed]]) -> Iterator[Violation]:
    """That each run kept within its tenure, but for what is excused."""
    for job, runs in placed.items():
        for each in runs:
            if each.late:
                claim = "no claim of its own" if each.tenure is None else f"a claim until {each.tenure.until:.3f}"
                lines = f"{len(each.late)} lines, at {each.late[0].at:.3f} to {each.late[-1].at:.3f}"
                text = f"run {each.run.name} of {each.run.process} with {claim} wrote {lines}"
                yield Violation(rule=Rule.LATE, job=job, text=text)
        for one, two in overlapping(runs):
            if not excused((one, two)):
                text = f"runs {one.run.name} of {one.run.process} and {two.run.name} of {two.run.process}"
                yield Violation(rule=Rule.OVERLAP, job=job, text=text)


def check_writers(tenures: Mapping[str, Sequence[Tenure]]) -> Iterator[Violation]:
    """I2: what a claim's holder wrote was taken, and nobody else's; a claim ends before the next begins."""
    for job, claims in tenures.items():
        for tenure in claims:
            if len(tenure.writers) > 1:
                text = f"in the claim of {tenure.claimed} the store took writes of {', '.join(sorted(tenure.writers))}"
                yield Violation(rule=Rule.TOKENS, job=job, text=text)
            if tenure.replaced:
                yield Violation(rule=Rule.TOKENS, job=job, text=f"was claimed while that of {tenure.claimed} stood")
        for one, two in combinations(claims, 2):
            if both := one.writers & two.writers:
                text = f"run {', '.join(both)} wrote in the claims of {one.claimed} and of {two.claimed}"
                yield Violation(rule=Rule.TOKENS, job=job, text=text)


def check_tokens(tenures: Mapping[str, Sequence[Tenure]], history: History) -> Iterator[Violation]:
    """That tokens only grow, and that the timeline tells of the claims that the event log tells of."""
    for job, record in history.records.items():
        if list(record.tokens) != sorted(set(record.tokens)):
            yield Violation(rule=Rule.TOKENS, job=job, text=f"was claimed with the tokens {list(record.tokens)}")
        claims = sum(tenure.lost_with is None for tenure in tenures.get(job, ()))
        if len(record.tokens) != claims and not record.claims_forgotten:
            text = f"has {len(record.tokens)} claims in its timeline and {claims} in its events"
            yield Violation(rule=Rule.TOKENS, job=job, text=text)


def check_results(placed: Mapping[str, Sequence[Placed]], history: History) -> Iterator[Violation]:
    """That a stored result is its holder's, whose run had come to its end, and that nothing was written twice."""
    for job, record in history.records.items():
        run = next((each for each in placed.get(job, ()) if each.run.name == record.result_of), None)
        if record.result_of is not None:
            if run is None or not _may_be_stored(run):
                yield Violation(rule=Rule.STALE, job=job, text=f"has the result of run {record.result_of}")
        elif record.status == Status.COMPLETED:
            yield Violation(rule=Rule.STALE, job=job, text="is completed without a result")
        # A finished step keeps what was written before it; else each run begins with an empty output.
        if record.result_of is not None and record.type != IN_STEPS:
            others = {line.partition(" ")[0] for line in record.output} - {record.result_of}
            if others:
                yield Violation(rule=Rule.STALE, job=job, text=f"has output of {', '.join(sorted(others))}")
        for lines in (record.log, record.output):
            told = [line for line in lines if line.partition(" ")[2].isdigit()]  # a handler's: run and beat
            if twice := sorted({line for line in told if told.count(line) > 1}):
                yield Violation(rule=Rule.REPEATED, job=job, text=", ".join(twice))


def _may_be_stored(placed: Placed) -> bool:
    lost = placed.tenure is None or placed.tenure.lost_with is not None or placed.tenure.crashed
    return placed.run.worked and not lost and not placed.woken and not placed.late
