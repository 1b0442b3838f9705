"""The worker's folder for what its runs keep on a disk, and the sweeping of what dead workers left."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from codeforge_common.handler.workspace import remove

PREFIX = "codeforge-worker-"
_LOCK = "lock"

_log = structlog.get_logger(__name__)


@contextmanager
def scratch_folder(root: Path | None = None) -> Iterator[Path]:
    """A folder below ``root`` (the system's for temporary files) that is gone when the block ends.

    A worker that is killed can't tidy up. So each holds a lock on its folder, and the next one to start on the machine
    removes the folders that nobody holds any more.
    """
    root = root or Path(tempfile.gettempdir())
    _sweep(root)
    # Under another name until it is locked, so that nobody sweeps it before.
    made = Path(tempfile.mkdtemp(prefix=f".{PREFIX}", dir=root))
    lock = os.open(made / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    folder = made.rename(made.with_name(made.name.removeprefix(".")))
    try:
        yield folder
    finally:
        remove(folder)
        os.close(lock)


def _sweep(root: Path) -> None:
    for folder in root.glob(f"{PREFIX}*"):
        try:
            lock = os.open(folder / _LOCK, os.O_RDWR)
        except OSError:  # another user's
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _log.info("removing what a dead worker left", folder=str(folder))
            remove(folder)
        except BlockingIOError:  # its worker lives
            pass
        finally:
            os.close(lock)
