"""Jobs that one call of a handler takes together: which they are, and what its answer means for each. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from codeforge_common.store import Run
from codeforge_worker.ending import Raised, Returned


class WrongAnswer(Exception):
    """Raised when a handler of batches returned anything but one outcome for each job."""


def batches(runs: Sequence[Run], *, sizes: Mapping[str, int]) -> Iterator[Sequence[Run]]:
    """The runs of a claim as slots take them: each alone, or up to ``sizes[type]`` of a type together, in order."""
    of_type: dict[str, list[Run]] = {}
    for run in runs:
        of_type.setdefault(run.type, []).append(run)
    for job_type, together in of_type.items():
        size = sizes[job_type]
        for first in range(0, len(together), size):
            yield together[first : first + size]


def ends_of(end: Returned | Raised, *, jobs: int) -> Sequence[Returned | Raised]:
    """The end of each job of a batch. What was raised is the end of all; else each has its own in what was returned."""
    if isinstance(end, Raised):
        return [end] * jobs
    outcomes = end.value
    if not isinstance(outcomes, list | tuple) or len(outcomes) != jobs:
        found = f"{len(outcomes)}" if isinstance(outcomes, list | tuple) else f"a {type(outcomes).__name__}"
        return [Raised(WrongAnswer(f"The handler returned {found} for {jobs} jobs; it takes a list of {jobs}."))] * jobs
    return [Raised(each) if isinstance(each, BaseException) else Returned(each) for each in outcomes]
