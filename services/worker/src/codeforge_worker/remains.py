"""What a guard that was killed itself has left behind.

A guard and what it runs share a session whose id is the guard's own, and a mark in their environment, which stays with
whoever leaves the session; so the worker finds them without being told. The command itself has a parent-death signal
(:mod:`codeforge_worker.guard`); this is for what it had started. Out of reach is only what had left the session *and*
cleared its environment. Elsewhere than on Linux nothing is found: a development machine has no /proc.
"""

from __future__ import annotations

import math
import os
import secrets
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

VARIABLE = "CODEFORGE_GUARDS"
"""Environment variable with the marks of the guards that a process runs below, the innermost last."""

_LOOK_SECONDS = 0.005


def new_mark() -> str:
    """A mark that no other guard has."""
    return secrets.token_hex(8)


def marked(environment: Mapping[str, str], mark: str) -> dict[str, str]:
    """``environment`` for what runs below one more guard."""
    return {**environment, VARIABLE: f"{environment.get(VARIABLE, '')} {mark}".strip()}


def kill_remains(session: int, *, mark: str, timeout: float = math.inf) -> bool:
    """Kills every process of a session or with ``mark`` and blocks until none lives, at most ``timeout`` seconds.

    Whether none does.
    """
    deadline = time.monotonic() + timeout
    while members := _living(session, mark.encode()):
        for pid in members:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() >= deadline:
            return not _living(session, mark.encode())
        time.sleep(_LOOK_SECONDS)  # whoever forks meanwhile is found in the next round
    return True


def _living(session: int, mark: bytes) -> Sequence[int]:
    """Those that aren't dead and wait to be reaped: that may be nobody's work."""
    if not sys.platform.startswith("linux"):
        return []
    processes = (entry for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [int(entry.name) for entry in processes if _is_left_of(entry, session, mark)]


def _is_left_of(process: Path, session: int, mark: bytes) -> bool:
    try:
        # State, parent, group, session; before them the name in parentheses, which may hold anything: proc_pid_stat(5).
        state, _, _, found = (process / "stat").read_bytes().rpartition(b")")[2].split()[:4]
        return state not in (b"Z", b"X") and (int(found) == session or mark in (process / "environ").read_bytes())
    except (OSError, ValueError):  # it has just gone, or is another user's
        return False
