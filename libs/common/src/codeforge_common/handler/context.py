"""What a handler holds in its hands: the job's facts, the means to tell how far it is, and what outlives its worker."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from codeforge_common.handler.steps import Steps, to_the_end, unkept
from codeforge_common.handler.workspace import blocking_workspace, workspace


class Cancelled(BaseException):
    """Raised in a blocking handler, by the next thing that it asks of its context, when its job is cancelled.

    Also by an effect of a job that was cancelled alone while others of its batch go on.

    Not an :class:`Exception`, so that a handler's ``except Exception`` doesn't swallow it by accident, just as with
    :class:`asyncio.CancelledError`.
    """


class ReportSink(Protocol):
    """Who takes what a run reports: the worker's reporter, a child's pipe, or a test. Never blocks, never raises."""

    def progress(self, percent: float, stage: str | None) -> None:
        """Takes note of how far the run is."""

    def log(self, text: str) -> None:
        """Takes note of a line for the job's log."""

    def output(self, text: str) -> None:
        """Takes note of a text for the end of the job's output."""


@dataclass(slots=True, kw_only=True)
class Assignment:
    """One attempt at one job, as its handler gets to know it.

    ``secrets``: the opened secrets by their dotted path below the body, e.g. ``context.githubContext.token``.
    ``attempt``: 1 for the first of ``attempts_max``. ``created_at``: when the job was submitted, UTC.
    """

    job_id: str
    type: str
    user_id: str
    session_id: str
    user_message: str
    agent_type: str | None
    context: Mapping[str, Any]
    secrets: Mapping[str, str] = field(repr=False)
    attempt: int
    attempts_max: int
    created_at: datetime

    def facts(self) -> dict[str, Any]:
        """The fields by name, as the contexts take them."""
        return {fact.name: getattr(self, fact.name) for fact in fields(Assignment)}


@dataclass(slots=True, kw_only=True)
class JobContext(Assignment):
    """The context of an async handler. Cancelling the job cancels its task (:class:`asyncio.CancelledError`).

    ``scratch``: an existing folder below which workspaces are made. ``steps``: gives the run's steps; without it they
    aren't kept.
    """

    sink: ReportSink = field(repr=False)
    scratch: Path = field(repr=False)
    steps: Callable[[], Steps] = field(default_factory=unkept, repr=False)

    def progress(self, percent: float, stage: str | None = None) -> None:
        """Tells how far the job is, ``percent`` 0..100 (never falling within an attempt), and what it is doing.

        Cheap; call it as often as you like: ten a second reach people, the last one always. ``percent`` is what
        ``float()`` takes, and ``stage`` is made text. What isn't a number is ignored; the worker's log says so once.
        """
        self.sink.progress(percent, stage)

    def log(self, text: str) -> None:
        """Appends a line to the job's log, which its user sees; what is longer than 4 KiB is cut."""
        self.sink.log(text)

    def output(self, text: str) -> None:
        """Appends ``text``, as it is, to the job's output, which its user reads while it grows: up to 1 MiB in all.

        What an earlier run has written before its last finished step is there already, and isn't written again.
        """
        if not self.steps().replaying:
            self.sink.output(text)

    async def step(self, name: str, work: Callable[[], Awaitable[Any] | Any], *, private: bool = False) -> Any:
        """Runs ``work()``, or awaits it, once for the job: what it returned is kept, and the next run gets it at once.

        ``name``: 1 to 100 of ``A-Z a-z 0-9 . _ : -``, each used once in a run. The result is JSON (256 KiB; 100 steps
        and 4 MiB in a job) and comes back as such, the first time as well: a tuple as a list, a secret blacked out.
        Should the worker die just before it is kept, ``work`` runs again. What ``work`` raises is raised here, and
        nothing kept. Raises ValueError for a name that can't be, and Fail with ``step_result_too_large``,
        ``step_result_too_deep``, ``step_result_not_json`` or ``too_many_steps``.

        ``private``: the result lies sealed in the store and has the lifetime of the job's secrets: it is gone when the
        job completes, and ``SECRETS_RETRY_SECONDS`` after it failed or was cancelled. A run that comes later runs it
        again, and every step after it. For the limits its JSON counts as it is, before it is compressed and sealed.
        Only the job's own secrets are blacked out in it: what just looks like one, in a file or a patch, is kept as is.
        """
        return await self.steps().step(name, work, private=private)

    async def effect(
        self,
        name: str,
        look: Callable[[str], Awaitable[Any] | Any],
        make: Callable[[str], Awaitable[Any] | Any],
    ) -> Any:
        """A step that does something outside which must not be done twice: opens a pull request, sends a mail.

        ``look(key)`` finds out there whether an earlier attempt has made it, and returns what it found, or None; only
        then ``make(key)`` makes it. ``key`` is ``jobId:name``: leave it out there, for ``look`` to find. Just before
        each of them the store is asked whether the job is still this run's; a run that has lost it is ended. Raises
        :class:`Cancelled` for a job that was cancelled while others of its batch go on. A cancel that comes after
        ``make`` has begun waits a few seconds for it, so that what it made is kept and may be told.
        """
        return await self.steps().effect(name, look, make, key=f"{self.job_id}:{name}")

    def workspace(self, make: Callable[[Path], Awaitable[object]]) -> AbstractAsyncContextManager[Path]:
        """A folder of this attempt, filled by ``await make(folder)``; it is removed however the block ends.

        It is gone with the attempt: the next one, perhaps on another machine, makes it again.
        """
        return workspace(self.scratch, make)


@dataclass(slots=True, kw_only=True)
class BlockingContext(Assignment):
    """The context of a blocking handler, in its child process; the same words without ``await``.

    A cancelled handler that neither reports nor looks at :attr:`cancelled` is killed after ``WORKER_CANCEL_SECONDS``.
    Programs that it starts end with it; SIGTERM reaches neither, so end one earlier with ``kill()``.
    """

    sink: ReportSink = field(repr=False)
    scratch: Path = field(repr=False)
    stop_asked: Callable[[], bool] = field(repr=False)
    steps: Callable[[], Steps] = field(default_factory=unkept, repr=False)

    @property
    def cancelled(self) -> bool:
        """Whether the job has been cancelled: end soon."""
        return self.stop_asked()

    def progress(self, percent: float, stage: str | None = None) -> None:
        """As :meth:`JobContext.progress`. Raises :class:`Cancelled` when the job has been cancelled."""
        self._go_on()
        self.sink.progress(percent, stage)

    def log(self, text: str) -> None:
        """As :meth:`JobContext.log`. Raises :class:`Cancelled` when the job has been cancelled."""
        self._go_on()
        self.sink.log(text)

    def output(self, text: str) -> None:
        """As :meth:`JobContext.output`. Raises :class:`Cancelled` when the job has been cancelled."""
        self._go_on()
        if not self.steps().replaying:
            self.sink.output(text)

    def step(self, name: str, work: Callable[[], Any], *, private: bool = False) -> Any:
        """As :meth:`JobContext.step`. Raises :class:`Cancelled`, before and after, when the job has been cancelled."""
        self._go_on()
        return to_the_end(self.steps().step(name, work, private=private))

    def effect(self, name: str, look: Callable[[str], Any], make: Callable[[str], Any]) -> Any:
        """As :meth:`JobContext.effect`. Raises :class:`Cancelled` when the job has been cancelled."""
        self._go_on()
        key = f"{self.job_id}:{name}"
        return to_the_end(self.steps().effect(name, look, make, key=key, on_a_loop=False))

    def workspace(self, make: Callable[[Path], object]) -> AbstractContextManager[Path]:
        """As :meth:`JobContext.workspace`: ``with context.workspace(make) as folder``."""
        return blocking_workspace(self.scratch, make)

    def _go_on(self) -> None:
        if self.stop_asked():
            raise Cancelled
