"""Tries a call again while its provider fails or asks for patience: the one loop that does."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from codeforge_common.handler import Retry
from codeforge_worker.agent.models.failure import Passing
from codeforge_worker.agent.models.pauses import PAUSES, Pauses

LONGEST_WAIT_SECONDS = 60.0
"""A call that has to wait longer, in all, gives the worker's slot back: the job goes on later."""

LONGEST_RETRY_SECONDS = 86_400.0
"""What a provider may put a job off for, or have all wait; a header that asks for more is taken for a mistake."""

_FIRST_BACKOFF_SECONDS = 1.0

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """``address``: the provider's, whose pauses are kept. ``attempts``: how often one call is tried.

    ``jitter`` gives a number from 0 to 1, which spreads those that wait for the same moment.
    """

    address: str
    attempts: int
    pauses: Pauses = PAUSES
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    jitter: Callable[[], float] = field(default=random.random)

    async def __call__(self, attempt: Callable[[], Awaitable[ResultT]], *, repeatable: Callable[[], bool]) -> ResultT:
        """What ``attempt()`` returns, tried again while it raises :class:`Passing` and is ``repeatable``.

        :raises Retry: it is not, its attempts are used up, or the wait would be longer than is worth a worker's slot.
        """
        waited = 0.0
        for number in range(1, self.attempts + 1):
            waited += await self._wait(self.pauses.remaining(self.address), waited=waited, why="it asked for a pause")
            try:
                return await attempt()
            except Passing as failure:
                delay = self._delay(failure, number=number)
                if failure.shared:
                    self.pauses.ask(self.address, seconds=delay)
                if not repeatable() or number == self.attempts:
                    raise _put_off(failure.reason, after=failure.after) from failure
                if not failure.shared:  # else the pause holds this call as it does all others
                    waited += await self._wait(delay, waited=waited, why=failure.reason)
        raise AssertionError("there is at least one attempt")

    def _delay(self, failure: Passing, *, number: int) -> float:
        if failure.after is not None:
            return min(failure.after, LONGEST_RETRY_SECONDS)
        backoff: float = _FIRST_BACKOFF_SECONDS * 2 ** (number - 1)
        return backoff * (0.5 + self.jitter() / 2)

    async def _wait(self, seconds: float, *, waited: float, why: str) -> float:
        if seconds <= 0:
            return 0.0
        if waited + seconds > LONGEST_WAIT_SECONDS:
            raise _put_off(why, after=seconds)
        spread = seconds * (1 + self.jitter() / 10)
        await self.sleep(spread)
        return spread


def _put_off(reason: str, *, after: float | None) -> Retry:
    bounded = None if after is None else min(after, LONGEST_RETRY_SECONDS)
    return Retry(after=bounded, reason=f"model_unavailable: The model's provider can't be used now: {reason}")
