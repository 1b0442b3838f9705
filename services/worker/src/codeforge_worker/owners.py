"""Which run a task of the event loop belongs to: to end what a handler leaves behind, and to find who hangs the loop.

A task doesn't show its context before Python 3.12, so it is noted at birth whose it is. A run has several leases where
its handler takes a batch of jobs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator, Sequence
from contextvars import Context, ContextVar, copy_context
from typing import Any
from weakref import WeakSet

from codeforge_worker.lease import Lease


class Brood:
    """The tasks of one run: its own, those that its handler makes, and theirs."""

    def __init__(self, leases: Sequence[Lease]) -> None:
        self.leases = leases
        self.tasks: WeakSet[asyncio.Task[Any]] = WeakSet()

    def context(self) -> Context:
        """A copy of the current context in which every task that is made belongs to this run."""
        context = copy_context()
        context.run(_brood.set, self)
        return context

    async def end(self) -> None:
        """Cancels the tasks that are left besides the current one, and waits for them: they are code of the run.

        A cancel that comes meanwhile is dropped: what the run is to say of its end stands already.
        """
        this = asyncio.current_task()
        while left := {task for task in self.tasks if task is not this and not task.done()}:
            for task in left:
                task.cancel()
            try:
                await asyncio.wait(left)
            except asyncio.CancelledError:
                pass


_brood: ContextVar[Brood] = ContextVar("codeforge_brood")


class TaskOwners:
    """Watches the tasks of one loop from now on."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._broods: WeakSet[Brood] = WeakSet()
        loop.set_task_factory(_make)

    def brood(self, leases: Sequence[Lease]) -> Brood:
        """A run is about to begin."""
        brood = Brood(leases)
        self._broods.add(brood)
        return brood

    def current(self) -> Sequence[Lease]:
        """The leases of the run whose code the loop is in; none when it is nobody's. Any thread may ask."""
        task = asyncio.current_task(self._loop)
        return next((brood.leases for brood in self._broods if task in brood.tasks), ())


def _make(
    loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any] | Generator[Any, None, Any], **options: Any
) -> asyncio.Task[Any]:
    task = asyncio.Task(coroutine, loop=loop, **options)
    context: Context | None = options.get("context")
    brood = _brood.get(None) if context is None else context.get(_brood)
    if brood is not None:
        brood.tasks.add(task)
    return task
