"""Durable steps that cost something: what a finished one has used is kept with it, and counts in every later run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from codeforge_common.handler import JobContext
from codeforge_worker.agent.models import Budget, LimitReached, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """The job's steps and its budget."""

    ctx: JobContext
    budget: Budget

    async def step(self, name: str, work: Callable[[], Awaitable[Any]], *, private: bool = False) -> Any:
        """As :meth:`JobContext.step`; what ``work`` spends of the budget, and its time, is kept beside its result."""
        spent: Usage | None = None

        async def counted() -> dict[str, Any]:
            nonlocal spent
            before = self.budget.usage
            value = await work()
            spent = self.budget.usage - before
            return {"value": value, "usage": spent.as_json()}

        kept = await self.ctx.step(name, counted, private=private)
        if spent is None:
            self.budget.spend(Usage.from_json(kept["usage"]))
        return kept["value"]

    @asynccontextmanager
    async def in_time(self) -> AsyncIterator[None]:
        """Ends what runs in the block when the job has worked for as long as it may.

        :raises LimitReached: then.
        """
        allowed = asyncio.timeout(self.budget.remaining_seconds)
        try:
            async with allowed:
                yield
        except TimeoutError:
            if not allowed.expired():
                raise
            raise LimitReached.time(self.budget) from None
