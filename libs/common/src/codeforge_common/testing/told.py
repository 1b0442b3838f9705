"""What became of a job that a test had run, and all that its handler told."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from codeforge_common.handler.declared import Handler
from codeforge_common.handler.ending import Ending, OutcomeKind
from codeforge_common.job import Status
from codeforge_common.testing.job import Job
from codeforge_common.testing.notes import EffectFound, EffectMade, Event, Line, Output, Progress

MOST_CRASHES = 3
"""Workers that are lost over a job before it is given up (``JOB_MAX_CRASHES``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A job after a run, as a client would see it.

    ``status``: ``completed``, ``failed`` or ``cancelled``; ``delayed`` before another attempt, in ``retry_after``
    seconds (None: after the usual backoff); ``waiting`` for another worker, after a crash or a hand-back.
    ``result``: as JSON makes it. ``failed_reason``: of the last attempt that failed. ``steps``: the results that are
    kept. ``events``: what this run told, in order. ``seconds``: what it took, on the kit's clock. ``error``: what the
    handler raised.
    """

    status: Status
    result: Any = None
    failed_reason: str | None = None
    retry_after: float | None = None
    steps: Mapping[str, Any] = field(default_factory=dict)
    events: Sequence[Event] = ()
    seconds: float = 0.0
    error: BaseException | None = field(default=None, repr=False)
    earlier_output: str = field(default="", repr=False)
    job: Job = field(repr=False)
    handler: Handler = field(repr=False)

    @property
    def logs(self) -> Sequence[str]:
        """The lines that this run added to the job's log."""
        return [event.text for event in self.events if isinstance(event, Line)]

    @property
    def progress(self) -> Sequence[tuple[int, str | None]]:
        """Percentage and stage, whenever one of them changed."""
        return [(event.percent, event.stage) for event in self.events if isinstance(event, Progress)]

    @property
    def output(self) -> str:
        """The job's output, with what earlier runs wrote of it."""
        return self.earlier_output + "".join(event.text for event in self.events if isinstance(event, Output))

    @property
    def effects(self) -> Mapping[str, str]:
        """Of each effect of this run whether it was ``found`` or ``made``."""
        found = {event.name: "found" for event in self.events if isinstance(event, EffectFound)}
        return found | {event.name: "made" for event in self.events if isinstance(event, EffectMade)}

    def next_job(self) -> Job:
        """The job as the next run gets it.

        :raises ValueError: there is no next run.
        """
        if self.status.terminal:
            raise ValueError(f"The job is {self.status}: no worker runs it again.")
        return self.job


def after(ending: Ending | None, *, job: Job, attempts_max: int, cancelled: bool) -> tuple[Status, Job]:
    """Where ``ending`` leaves a job, and the job for its next run. None: its worker is lost.

    The store's script decides so in production (``settle.lua``); a test compares the two.
    """
    if cancelled:
        return Status.CANCELLED, job
    if ending is None:
        job = replace(job, crashes=job.crashes + 1)
        return Status.FAILED if job.crashes >= MOST_CRASHES else Status.WAITING, job
    match ending.kind:
        case OutcomeKind.RETRY if job.attempt < attempts_max:
            status = Status.WAITING if ending.after == 0 else Status.DELAYED
            return status, replace(job, attempt=job.attempt + 1)
        case OutcomeKind.COMPLETED:
            return Status.COMPLETED, job
        case OutcomeKind.HANDED_BACK:
            return Status.WAITING, job
        case OutcomeKind.CANCELLED:
            return Status.CANCELLED, job
    return Status.FAILED, job


def value_of(text: str | None) -> Any:
    """The value of JSON text; None where there is none."""
    return None if text is None else json.loads(text)
