"""What every peer's script reads from its environment, and where its handler writes down that it began.

Runs in the peers' own environments: standard library only.
"""

# mypy: ignore-errors

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

URL = os.environ["BENCH_REDIS"]
PAYLOAD: dict[str, Any] = json.loads(os.environ["BENCH_PAYLOAD"])

_FILE = os.environ.get("BENCH_FILE")
_LOOK_SECONDS = 0.002
_PATIENCE_SECONDS = 30.0


def began(job_id: str) -> None:
    """The handler of ``job_id`` runs. On the clock that all processes of a machine share."""
    if _FILE:
        with Path(_FILE).open("a") as file:
            file.write(f"{job_id} {time.monotonic_ns()}\n")


def one_at_a_time(count: int, add: Callable[[], str]) -> None:
    """Calls ``add`` so often, each time when the job before has begun; prints id, begin and end of each call."""
    for _ in range(count):
        before = time.monotonic_ns()
        job_id = add()
        print(job_id, before, time.monotonic_ns(), flush=True)
        _wait(job_id)


def _wait(job_id: str) -> None:
    ends = time.monotonic() + _PATIENCE_SECONDS
    while job_id not in Path(_FILE).read_text():
        if time.monotonic() > ends:
            raise TimeoutError(f"{job_id} didn't begin")
        time.sleep(_LOOK_SECONDS)
