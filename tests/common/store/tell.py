"""Tells random histories, a part of them at a time, so that two processes can share the work."""

from __future__ import annotations

import asyncio
import os

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.common.store.histories import Histories

PARTS = 8
"""Four in each of two files: a process that has four tests to do yet takes no second file."""

HISTORIES = int(os.environ.get("STORE_HISTORIES", "2000" if os.environ.get("CI") else "300"))
"""How many are told in all."""
STEPS = 40


def tell(url: str, *, part: int, histories: int = HISTORIES // PARTS) -> None:
    """Always the same ones for a ``part``; STORE_SEED (a number) picks others."""
    # A damaged store only has to be found out; shrinking its histories takes minutes.
    phases = (Phase.generate,) if "STORE_LUA" in os.environ else (Phase.generate, Phase.shrink)
    loop = asyncio.new_event_loop()
    machine = type("Histories", (Histories,), {"url": url, "loop": loop})
    try:
        run_state_machine_as_test(
            seed(part + PARTS * int(os.environ.get("STORE_SEED", "0")))(machine),
            settings=settings(
                max_examples=histories,
                stateful_step_count=STEPS,
                deadline=None,
                database=None,
                phases=phases,
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        loop.close()
