"""Pauses that providers ask for: whoever calls the same address, from any job of this process, keeps to them."""

from __future__ import annotations

import time
from collections.abc import Callable


class Pauses:
    """When each address may be called again, by ``clock`` (seconds)."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}

    def ask(self, address: str, *, seconds: float) -> None:
        """Nobody calls ``address`` for ``seconds``; a pause that lasts longer already stays."""
        self._until[address] = max(self._until.get(address, 0.0), self._clock() + seconds)

    def remaining(self, address: str) -> float:
        """Seconds until ``address`` may be called; 0: now."""
        left = self._until.get(address, 0.0) - self._clock()
        if left <= 0:
            self._until.pop(address, None)
        return max(left, 0.0)


PAUSES = Pauses()
"""This process's."""
