"""What the answer of a handler that takes batches means for each of its jobs. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from codeforge_common.handler.context import Cancelled
from codeforge_common.handler.ending import Raised, Returned


class WrongAnswer(Exception):
    """Raised when a handler of batches returned anything but one outcome for each job."""


def ends_of(end: Returned | Raised, *, jobs: int) -> Sequence[Returned | Raised]:
    """The end of each job of a batch. What was raised is the end of all; else each has its own in what was returned."""
    if isinstance(end, Raised):
        return [end] * jobs
    outcomes = end.value
    if not isinstance(outcomes, list | tuple) or len(outcomes) != jobs:
        found = f"{len(outcomes)}" if isinstance(outcomes, list | tuple) else f"a {type(outcomes).__name__}"
        return [Raised(WrongAnswer(f"The handler returned {found} for {jobs} jobs; it takes a list of {jobs}."))] * jobs
    return [Raised(each) if isinstance(each, BaseException) else Returned(each) for each in outcomes]


def is_refusal(error: BaseException) -> bool:
    """Whether nothing went wrong but that effects of cancelled jobs were refused."""
    if isinstance(error, BaseExceptionGroup):
        return all(map(is_refusal, error.exceptions))
    return isinstance(error, Cancelled)
