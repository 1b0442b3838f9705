"""One instance for each state folder: two servers on one append-only file would destroy it."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from codeforge_common.errors import ConfigurationError

LOCK_FILE = "lock"
_PATIENCE = 1.0


def acquire(state_dir: Path) -> int:
    """Locks ``state_dir`` until the returned descriptor, and each process's that inherited it, is closed.

    The embedded server inherits it, so a folder isn't free while a server still writes there, whatever became of its
    parent. Waits up to a second for an instance that is about to go. Raises ConfigurationError.
    """
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(state_dir / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConfigurationError(f"STATE_DIR: {state_dir} can't be used ({error.strerror}).") from None
    deadline = time.monotonic() + _PATIENCE
    while not _try(lock):
        if time.monotonic() > deadline:
            holder = os.read(lock, 20).decode(errors="replace").strip() or "unknown"
            os.close(lock)
            raise ConfigurationError(
                f"It is running already (process {holder}) with the state folder {state_dir}. "
                "Stop it, or set STATE_DIR to another folder."
            )
        time.sleep(0.05)
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock


def _try(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
