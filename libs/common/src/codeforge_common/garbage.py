"""How often Python looks for cycles of garbage in a process that makes many short-lived objects and keeps few."""

from __future__ import annotations

import gc

THRESHOLDS = (10_000, 20, 50)
"""Objects made before the youngest are looked at, and how often that is until the next older ones are."""


def expect_short_lives() -> None:
    """To be called once, when a service has made what it works with: that stays for good and isn't looked at again.

    By Python's own thresholds a gateway under load spent a quarter of its time on looking at modules, routes and
    schemas that can't become garbage.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
