"""How long a job waits for its next attempt. Pure."""

from __future__ import annotations

import random
from collections.abc import Callable

JITTER = 0.2
"""A pause is up to this share shorter or longer, so that jobs which failed together don't come back together."""


def backoff(
    attempt: int, *, first: float, longest: float, draw: Callable[[float, float], float] = random.uniform
) -> float:
    """Seconds between the failed attempt ``attempt`` (1 for the first) and the next one.

    ``first`` after the first attempt, twice as long after each further one, at most ``longest``; with jitter.
    """
    # The exponent is bounded because 2.0 ** 1100 overflows.
    pause = min(first * 2.0 ** min(attempt - 1, 64), longest)
    return min(pause * draw(1 - JITTER, 1 + JITTER), longest)
