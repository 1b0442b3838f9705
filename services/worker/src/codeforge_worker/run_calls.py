"""What runs ask of the store while they go on, each for itself. Waits through outages."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextvars import Context
from typing import Any, TypeVar

from codeforge_common.store import Run, Store, Verdict
from codeforge_worker.availability import Availability

T = TypeVar("T")


class RunCalls:
    """For all runs of the worker. Whoever waits may be cancelled at any time, and is at once."""

    def __init__(self, *, store: Store, worker: str, availability: Availability) -> None:
        self._store = store
        self._worker = worker
        self._availability = availability
        self._under_way: set[asyncio.Task[Any]] = set()

    async def keep_step(self, run: Run, *, name: str, result: str | bytes) -> Verdict:
        """Keeps the result of a finished step: JSON text, or, of a private one, sealed bytes."""
        return await self._availability.until_answered(
            "step",
            lambda: self._apart(
                self._store.step(worker=self._worker, job_id=run.job_id, token=run.token, name=name, result=result)
            ),
        )

    async def forget_steps(self, run: Run, *, name: str) -> tuple[Verdict, int]:
        """Forgets the finished step ``name`` and those after it. The verdict; bytes that are left of the output."""
        return await self._availability.until_answered(
            "forget",
            lambda: self._apart(
                self._store.forget_steps(worker=self._worker, job_id=run.job_id, token=run.token, name=name)
            ),
        )

    async def ask_held(self, run: Run) -> Verdict:
        """Whether the run still has its job."""
        return await self._availability.until_answered(
            "hold",
            lambda: self._apart(self._store.assert_held(worker=self._worker, job_id=run.job_id, token=run.token)),
        )

    async def _apart(self, call: Coroutine[Any, Any, T]) -> T:
        """Makes the call in a task of nobody's: a run that is cancelled meanwhile must not cost us the connection."""
        task = asyncio.get_running_loop().create_task(call, context=Context())
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)
