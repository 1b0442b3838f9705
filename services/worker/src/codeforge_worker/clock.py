"""The clock on which leases are measured."""

from __future__ import annotations

import time

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def now() -> float:
    """Seconds that only ever grow and that go on while the machine sleeps.

    A lease runs out on the server's clock whether this machine is awake or not, so CLOCK_MONOTONIC, which on Linux
    stands still in between, would promise time that is gone.
    """
    return time.clock_gettime(_CLOCK)
