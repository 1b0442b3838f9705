"""Runs as their own lines tell of them, and which tenure each belonged to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.chaos.check.tenures import Tenure
from tests.chaos.history import Freeze, History
from tests.chaos.journal import Line, Word

CLOCK_SECONDS = 0.02
"""How far the store's clock, in milliseconds, and the runs' may seem apart."""
WAKE_SECONDS = 0.25
"""How long after SIGCONT a run that slept over its lease may append (issue: 250 ms, once per freeze)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run's lines, in order."""

    name: str
    job: str
    process: str
    lines: Sequence[Line]

    @property
    def first(self) -> float:
        """When it began."""
        return self.lines[0].at

    @property
    def last(self) -> float:
        """When it wrote for the last time."""
        return self.lines[-1].at

    @property
    def worked(self) -> bool:
        """Whether it came to the end of its work."""
        return self.lines[-1].word == Word.END

    def overlaps(self, other: Run) -> bool:
        """Whether both were at work at some moment."""
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A run with the tenure that it belonged to (None: none), and its lines outside of it.

    ``woken``: those that a freeze longer than the lease explains. ``late``: those that nothing explains.
    """

    run: Run
    tenure: Tenure | None
    woken: Mapping[Freeze, Line]
    late: Sequence[Line]


def runs_of(history: History) -> Mapping[str, Sequence[Run]]:
    """All runs by job, in the order in which they began."""
    lines: dict[tuple[str, str, str], list[Line]] = defaultdict(list)
    for line in history.lines:
        lines[line.job, line.run, line.process].append(line)
    runs: dict[str, list[Run]] = defaultdict(list)
    for (job, name, process), own in lines.items():
        runs[job].append(Run(name=name, job=job, process=process, lines=own))
    return {job: sorted(found, key=lambda run: run.first) for job, found in runs.items()}


def place(runs: Sequence[Run], tenures: Sequence[Tenure], freezes: Sequence[Freeze]) -> Sequence[Placed]:
    """Finds the tenure of each run of one job: the one in which it wrote, else one in which it began.

    No tenure has two runs. Where several could be a run's, it gets the one that explains most of its lines.
    """
    free = list(tenures)
    placed = []
    for run in sorted(runs, key=lambda run: (not _writes(run, tenures), run.first)):
        own = [tenure for tenure in free if run.name in tenure.writers] or [
            tenure for tenure in free if not tenure.writers - {run.name} and _began_in(run, tenure)
        ]
        if own:
            best = min((_placed(run, tenure, freezes) for tenure in own), key=lambda each: len(each.late))
            assert best.tenure is not None
            free.remove(best.tenure)
        else:
            best = Placed(run=run, tenure=None, woken={}, late=run.lines)
        placed.append(best)
    return sorted(placed, key=lambda each: each.run.first)


def _writes(run: Run, tenures: Sequence[Tenure]) -> bool:
    return any(run.name in tenure.writers for tenure in tenures)


def _began_in(run: Run, tenure: Tenure) -> bool:
    return tenure.claimed_at - CLOCK_SECONDS <= run.first <= tenure.until + CLOCK_SECONDS


def _placed(run: Run, tenure: Tenure, freezes: Sequence[Freeze]) -> Placed:
    woken: dict[Freeze, Line] = {}
    late = []
    for line in run.lines:
        if tenure.claimed_at - CLOCK_SECONDS <= line.at <= tenure.until + CLOCK_SECONDS:
            continue
        freeze = _slept_over(line, run, tenure, freezes)
        if freeze is None or freeze in woken:
            late.append(line)
        else:
            woken[freeze] = line
    return Placed(run=run, tenure=tenure, woken=woken, late=late)


def _slept_over(line: Line, run: Run, tenure: Tenure, freezes: Sequence[Freeze]) -> Freeze | None:
    """The freeze in which the run lost its lease, if the line came right after it."""
    lost_at = tenure.ended_at if tenure.crashed else tenure.until if tenure.lost_with else None
    for freeze in freezes:
        fresh = 0 <= line.at - freeze.continued_at <= WAKE_SECONDS
        asleep = lost_at is not None and freeze.stopped_at <= lost_at <= freeze.continued_at + WAKE_SECONDS
        if freeze.process == run.process and fresh and asleep:
            return freeze
    return None
