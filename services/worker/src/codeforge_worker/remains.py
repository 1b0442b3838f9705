"""What a guard that was killed itself has left behind.

A guard and what it runs share a session whose id is the guard's own, so the worker finds them without being told. The
command itself has a parent-death signal (:mod:`codeforge_worker.guard`); this is for what it had started. Out of reach
is only what had left the session. Elsewhere than on Linux nothing is found: a development machine has no /proc.
"""

from __future__ import annotations

import math
import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_LOOK_SECONDS = 0.005


def kill_session(session: int, *, timeout: float = math.inf) -> bool:
    """Kills every process of a session and blocks until none lives, at most ``timeout`` seconds. Whether none does."""
    deadline = time.monotonic() + timeout
    while members := _living(session):
        for pid in members:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() >= deadline:
            return not _living(session)
        time.sleep(_LOOK_SECONDS)  # whoever forks meanwhile is found in the next round
    return True


def _living(session: int) -> Sequence[int]:
    """Processes of the session but for those that are dead and wait to be reaped: that may be nobody's work."""
    if not sys.platform.startswith("linux"):
        return []
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _lives_in(entry, session)]


def _lives_in(process: Path, session: int) -> bool:
    try:
        # State, parent, group, session; before them the name in parentheses, which may hold anything: proc_pid_stat(5).
        state, _, _, found = (process / "stat").read_bytes().rpartition(b")")[2].split()[:4]
    except (OSError, ValueError):  # it has just gone
        return False
    return int(found) == session and state not in (b"Z", b"X")
