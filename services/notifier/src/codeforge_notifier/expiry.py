"""When a connection has outlived the token that it began with."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

LONGEST_SECONDS = 60.0
"""The clock is looked at anew this often: it may be set, the machine may sleep, and a timer has a largest delay."""


class Expiry:
    """One timer. It calls ``expired`` once, at ``at`` (seconds since 1970) or soon after, unless cancelled before."""

    def __init__(self, at: float, *, expired: Callable[[], None], now: Callable[[], float] = time.time) -> None:
        """Starts it in the running event loop. ``now`` gives seconds since 1970."""
        self._at = at
        self._expired = expired
        self._now = now
        self._loop = asyncio.get_running_loop()
        self._wait()

    def cancel(self) -> None:
        """Stops it; no matter if it has fired or was cancelled before."""
        self._timer.cancel()

    def _wait(self) -> None:
        left = self._at - self._now()
        self._timer = self._loop.call_later(max(0.0, min(left, LONGEST_SECONDS)), self._look)

    def _look(self) -> None:
        if self._now() >= self._at:
            self._expired()
        else:
            self._wait()
