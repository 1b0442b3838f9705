"""Which run a task of the event loop belongs to: to end what a handler leaves behind, and to find who hangs the loop.

A task doesn't show its context before Python 3.12, so it is noted at birth whose it is. A run has several leases where
its handler takes a batch of jobs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator, Sequence
from contextvars import Context, ContextVar, copy_context
from typing import Any
from weakref import WeakSet

from codeforge_worker.exits import Contained
from codeforge_worker.lease import Lease


class Brood:
    """The tasks of one run: its own, those that its handler makes, and theirs."""

    __slots__ = ("_loop", "_offspring", "leases")

    def __init__(self, leases: Sequence[Lease], *, loop: asyncio.AbstractEventLoop) -> None:
        self.leases = leases
        self._loop = loop
        self._offspring: WeakSet[asyncio.Task[Any]] | None = None

    def start(
        self, run: Coroutine[Any, Any, Any], *, ended: Callable[[asyncio.Task[Any]], None], name: str | None = None
    ) -> asyncio.Task[Any]:
        """The run's own task; every task made in it belongs to this run. ``ended`` is called in its context."""
        context = copy_context()
        context.run(_brood.set, self)
        task = _Task(run, loop=self._loop, name=name, context=context)
        task.brood = self
        task.add_done_callback(ended, context=context)
        return task

    def add(self, task: asyncio.Task[Any]) -> None:
        """Counts a task in that was made by one of the run's."""
        if self._offspring is None:
            self._offspring = WeakSet()
        self._offspring.add(task)

    async def end(self) -> None:
        """Cancels the tasks that are left besides the current one, and waits for them: they are code of the run.

        A cancel that comes meanwhile is dropped: what the run is to say of its end stands already.
        """
        if self._offspring is None:
            return
        this = asyncio.current_task()
        while left := {task for task in self._offspring if task is not this and not task.done()}:
            for task in left:
                task.cancel()
            try:
                await asyncio.wait(left)
            except asyncio.CancelledError:
                pass


_brood: ContextVar[Brood] = ContextVar("codeforge_brood")


class _Task(asyncio.Task[Any]):
    """A task of a run."""

    brood: Brood


class TaskOwners:
    """Watches the tasks of one ``loop`` from now on."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        loop.set_task_factory(_make)

    def brood(self, leases: Sequence[Lease]) -> Brood:
        """A run is about to begin."""
        return Brood(leases, loop=self.loop)

    def current(self) -> Sequence[Lease]:
        """The leases of the run whose code the loop is in; none when it is nobody's. Any thread may ask."""
        task = asyncio.current_task(self.loop)
        return task.brood.leases if isinstance(task, _Task) else ()


def _make(
    loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any] | Generator[Any, None, Any], **options: Any
) -> asyncio.Task[Any]:
    context: Context | None = options.get("context")
    brood = _brood.get(None) if context is None else context.get(_brood)
    if brood is None:
        return asyncio.Task(coroutine, loop=loop, **options)
    task = _Task(Contained(coroutine), loop=loop, **options)
    task.brood = brood
    brood.add(task)
    return task
