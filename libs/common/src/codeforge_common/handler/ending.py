"""From how a run ended to what the store is told about it. Pure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from codeforge_common.handler.context import Cancelled
from codeforge_common.handler.outcome import Fail, Retry, explain, words
from codeforge_common.job import RetryReason
from codeforge_common.secrets import Redactor

REASON_LENGTH = 2000
"""Characters kept of a reason: people read it, and a list of jobs holds many."""


class Stop(StrEnum):
    """Why a run is told to stop."""

    CANCELLED = "cancelled"
    """The user wants it."""
    FENCED = "fenced"
    """Another holds the job, or it moved on."""
    GONE = "gone"
    """The store doesn't know the job."""
    LEASE = "lease"
    """The lease couldn't be renewed in time."""
    SHUTDOWN = "shutdown"
    """The worker ends."""
    WALL_TIME = "wall_time"
    """The attempt takes longer than its job type allows."""
    BATCH = "batch"
    """Another job of its batch was lost."""

    @property
    def lost(self) -> bool:
        """Whether the run has no right to the job any more: nothing that it says would be taken."""
        return self in (Stop.FENCED, Stop.GONE)


class OutcomeKind(StrEnum):
    """How a run ended, as the worker sees it."""

    COMPLETED = "completed"
    FAILED = "failed"
    RETRY = "retry"
    CANCELLED = "cancelled"
    HANDED_BACK = "handed_back"


HANDED_BACK = {
    Stop.SHUTDOWN: "The worker is stopping.",
    Stop.LEASE: "The lease ran out of time: the store was away.",
    Stop.BATCH: "Another job of its batch was lost.",
}
"""Why a job goes back through no fault of its own; stands in its timeline."""


@dataclass(slots=True)
class Returned:
    """The handler returned ``value``: a result, or a :class:`Fail` or :class:`Retry`."""

    value: Any


@dataclass(frozen=True, slots=True)
class Raised:
    """The handler raised ``error``."""

    error: BaseException


@dataclass(slots=True, kw_only=True)
class Ending:
    """What is to be told. ``result`` is JSON text; ``retry`` says why there should be another attempt, ``after`` when.

    ``reason`` is as long as it is, and may hold secrets. ``after`` is in seconds; None: the usual backoff.
    """

    kind: OutcomeKind
    result: str | None = None
    reason: str | None = None
    retry: RetryReason | None = None
    after: float | None = None


def ending_of(end: Returned | Raised, *, stop: Stop | None, encode: Callable[[Any], str]) -> Ending | None:
    """What ``end`` means for the job when the run had been told to ``stop``, or hadn't (None).

    None: the run had lost the job, there is nothing to tell. ``encode`` makes JSON text of a result or raises
    :class:`Fail`. Never raises: what the handler left here may do anything when it is looked at.
    """
    try:
        return _ending_of(end, stop=stop, encode=encode)
    except Fail as fail:  # the result can't be kept
        return Ending(kind=OutcomeKind.FAILED, reason=_said(fail))
    except BaseException as error:
        return _again(RetryReason.FAILURE, explain(error))


def _ending_of(end: Returned | Raised, *, stop: Stop | None, encode: Callable[[Any], str]) -> Ending | None:
    if stop is not None and stop.lost:
        return None
    if stop is Stop.WALL_TIME:
        return _again(RetryReason.WALL_TIME, "wall_time_exceeded: The attempt took longer than its job type allows.")
    match end.value if isinstance(end, Returned) else end.error:
        case Fail() as fail:
            result = None if fail.result is None else encode(fail.result)
            return Ending(kind=OutcomeKind.FAILED, result=result, reason=_said(fail))
        case Retry() as retry:
            return _again(RetryReason.ASKED, _said(retry), after=retry.after)
    if isinstance(end, Returned):
        # Also after a cancel that came too late: the store ends the job as it must, and keeps the result.
        return Ending(kind=OutcomeKind.COMPLETED, result=encode(end.value))
    if stop is Stop.CANCELLED:
        return Ending(kind=OutcomeKind.CANCELLED)
    if stop in HANDED_BACK:
        # Whatever it raised, it was made to: a program that was killed, a connection that was cut.
        return Ending(kind=OutcomeKind.HANDED_BACK, reason=HANDED_BACK[stop])
    if isinstance(end.error, asyncio.CancelledError | Cancelled):
        return _again(RetryReason.FAILURE, "The handler cancelled itself.")
    return _again(RetryReason.FAILURE, explain(end.error))


def _again(retry: RetryReason, reason: str, *, after: float | None = None) -> Ending:
    return Ending(kind=OutcomeKind.RETRY, reason=reason, retry=retry, after=after)


def _said(word: Fail | Retry) -> str:
    """What it says, which stands for itself."""
    return words(word) or explain(word)


def shown_reason(reason: str, *, redactor: Redactor) -> str:
    """``reason`` as it is kept: without secrets, and no longer than people read."""
    text = redactor.text(reason)  # first: half of a secret wouldn't be found any more
    return text if len(text) <= REASON_LENGTH else text[: REASON_LENGTH - 1] + "…"
