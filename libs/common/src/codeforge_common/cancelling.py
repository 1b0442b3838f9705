"""Ends tasks for certain."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

AGAIN_SECONDS = 0.1


async def cancel(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancels ``tasks`` until they have ended. Only for loops of ours, which have nothing to tidy up.

    Once isn't enough: before Python 3.12 ``asyncio.wait_for``, which the store's client uses for each command, swallows
    a cancel that comes together with the answer (python/cpython#81839).
    """
    while left := [task for task in tasks if not task.done()]:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=AGAIN_SECONDS)
