"""Waiting with a deadline; the only place in the tests that sleeps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


def wait_until(condition: Callable[[], bool], *, within: float, what: str) -> None:
    """Asks ``condition`` every 50 ms until it is true. Fails the test after ``within`` seconds, naming ``what``."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"{what} didn't come within {within:g} s"
        time.sleep(0.05)


async def wait_for(condition: Callable[[], bool], *, within: float, what: str) -> None:
    """The same while the event loop goes on."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"{what} didn't come within {within:g} s"
        await asyncio.sleep(0.02)
