"""Who held a job when, as the event log has it: from each claim to what ended it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from codeforge_common.job import Status
from tests.chaos.history import Change, History, Restore

RENEWAL_SECONDS = 3.0
"""A run whose claim fell in a lost second may go on until its next answered renewal (issue: at most 3 s)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenure:
    """One claim of a job and what followed. ``ended_at`` is infinite while it lasts.

    ``claimed``: the entry of the claim. ``crashed``: the lease ran out. ``writers``: the runs whose progress or result
    was taken. ``replaced``: another claim ended it, and nothing else. ``lost_with``: the claim was lost when older
    files were put back, so it ended then at the latest.
    """

    job: str
    claimed: str
    claimed_at: float
    started: str | None
    crashes: int
    ended_at: float = math.inf
    crashed: bool = False
    writers: frozenset[str] = frozenset()
    replaced: bool = False
    lost_with: Restore | None = None

    @property
    def until(self) -> float:
        """When its run has to have fallen silent."""
        if self.lost_with is None:
            return self.ended_at
        return min(self.ended_at, self.lost_with.back_at + RENEWAL_SECONDS)


def tenures_of(history: History) -> Mapping[str, Sequence[Tenure]]:
    """All tenures by job, in the order of their claims; those that only lost changes tell of are marked so."""
    found: dict[str, list[Tenure]] = defaultdict(list)
    final = _by_job(history.changes)
    for job, changes in final.items():
        found[job] += _tenures(changes)
    for restore in history.restores:
        for job, lost in _by_job(restore.lost).items():
            before = [change for change in final.get(job, ()) if change.n < restore.lost[0].n]
            entries = {change.entry for change in lost}
            found[job] += [
                replace(tenure, lost_with=restore) for tenure in _tenures([*before, *lost]) if tenure.claimed in entries
            ]
    return {job: sorted(tenures, key=lambda tenure: tenure.claimed_at) for job, tenures in found.items()}


def _by_job(changes: Sequence[Change]) -> Mapping[str, Sequence[Change]]:
    found: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        found[change.job].append(change)
    return found


def _tenures(changes: Sequence[Change]) -> Iterator[Tenure]:
    """Of one job's changes in order."""
    held: Tenure | None = None
    for change in changes:
        if held is not None and change.status != Status.ACTIVE:
            yield replace(_written(held, change), ended_at=change.at, crashed=change.crashes > held.crashes)
            held = None
        elif held is not None and change.started != held.started:
            yield replace(held, ended_at=change.at, replaced=True)
            held = None
        if change.status == Status.ACTIVE:
            held = _written(held or _claimed(change), change)
    if held is not None:
        yield held


def _claimed(change: Change) -> Tenure:
    return Tenure(
        job=change.job,
        claimed=change.entry,
        claimed_at=change.at,
        started=change.started,
        crashes=change.crashes,
    )


def _written(tenure: Tenure, change: Change) -> Tenure:
    return replace(tenure, writers=tenure.writers | set(filter(None, (change.stage, change.result_of))))
