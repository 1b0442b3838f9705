"""Runs a handler as a worker would, without one: what a test of a handler calls."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from codeforge_common.handler.declared import handler_of
from codeforge_common.handler.ending import Stop
from codeforge_common.testing.attempt import CRASH
from codeforge_common.testing.job import Job
from codeforge_common.testing.moments import Moment
from codeforge_common.testing.running import Running
from codeforge_common.testing.told import Told


def run(
    function: Callable[..., Any],
    *,
    crash: Moment | None = None,
    cancel: Moment | None = None,
    shutdown: Moment | None = None,
    environment: Mapping[str, str] | None = None,
    **sent: Any,
) -> Told:
    """Runs the handler ``function`` for one job; what has become of that, and what the handler told.

    ``sent``: what the job is like, by the names of :class:`Job`: ``context={…}``, ``message="…"``, ``attempt=2``.
    ``crash``: the worker dies at that moment; the handler's ``finally`` blocks run, as Python would have it, but nobody
    hears of them. ``cancel``: the job is cancelled. ``shutdown``: the worker stops, and hands the job back.
    ``environment``: variables that are set meanwhile.

    An async handler runs on a loop whose clock jumps (:class:`.clock.ClockLoop`): an hour of sleep takes no time.
    A blocking one is called in this process, in real time; its wall time isn't watched.

    :raises ContextRefused: a gateway would refuse the job.
    :raises IgnoredCancel: the handler didn't stop.
    :raises AssertionError: a moment didn't come.
    """
    plan = _plan(crash=crash, cancel=cancel, shutdown=shutdown)
    (told,) = _run(function, [Job(**sent)], plans=[plan], environment=environment)
    return told


def again(
    told: Told,
    *,
    crash: Moment | None = None,
    cancel: Moment | None = None,
    shutdown: Moment | None = None,
    environment: Mapping[str, str] | None = None,
    **changes: Any,
) -> Told:
    """Runs the job of ``told`` again, as the next worker would: with what was kept, and with nothing on its disk.

    :raises ValueError: the job is completed, failed or cancelled.
    """
    job = replace(told.next_job(), **changes)
    plan = _plan(crash=crash, cancel=cancel, shutdown=shutdown)
    (after,) = _run(told.handler.function, [job], plans=[plan], environment=environment)
    return after


def run_batch(
    function: Callable[..., Any],
    jobs: Sequence[Job],
    *,
    crash: Moment | None = None,
    cancel: Mapping[int, Moment] | None = None,
    shutdown: Moment | None = None,
    environment: Mapping[str, str] | None = None,
) -> Sequence[Told]:
    """Runs a handler of batches for several jobs at once; see :func:`run`.

    ``cancel``: moments by the place of the job in ``jobs``. ``crash``, ``shutdown``: a moment of the first job. Jobs
    with the same id get one each.
    """
    if len({job.id for job in jobs}) < len(jobs):
        jobs = [replace(job, id=f"{job.id}_{number}") for number, job in enumerate(jobs, 1)]
    cancels = cancel or {}
    plans = [
        _plan(crash=None if place else crash, cancel=cancels.get(place), shutdown=None if place else shutdown)
        for place in range(len(jobs))
    ]
    return _run(function, jobs, plans=plans, environment=environment)


def _plan(*, crash: Moment | None, cancel: Moment | None, shutdown: Moment | None) -> Mapping[Stop, Moment]:
    planned = {CRASH: crash, Stop.CANCELLED: cancel, Stop.SHUTDOWN: shutdown}
    return {stop: moment for stop, moment in planned.items() if moment is not None}


def _run(
    function: Callable[..., Any],
    jobs: Sequence[Job],
    *,
    plans: Sequence[Mapping[Stop, Moment]],
    environment: Mapping[str, str] | None,
) -> Sequence[Told]:
    handler = handler_of(function)
    if len(jobs) > handler.type.batch:
        raise ValueError(f"{handler.name} takes at most {handler.type.batch} jobs in one call.")
    if not handler.blocking and _in_a_loop():
        raise RuntimeError("The handler gets an event loop of its own: call the kit from a test that isn't async.")
    with TemporaryDirectory(prefix="handler-test-") as scratch, patch.dict(os.environ, environment or {}):
        return Running(handler, jobs, plans=plans, scratch=Path(scratch)).told()


def _in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
