"""What an attempt keeps on a disk: a folder that is filled at its start and gone at its end."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path


@asynccontextmanager
async def workspace(root: Path, make: Callable[[Path], Awaitable[object]]) -> AsyncIterator[Path]:
    """A fresh folder below ``root``, filled by ``make(folder)``; removed however the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="workspace-", dir=root))
    try:
        await make(folder)
        yield folder
    finally:
        # A large tree takes long enough to hold up the loop. Shielded: a second cancel must not leave half of it.
        await asyncio.shield(asyncio.to_thread(remove, folder))


@contextmanager
def blocking_workspace(root: Path, make: Callable[[Path], object]) -> Iterator[Path]:
    """The same for a handler that isn't async."""
    folder = Path(tempfile.mkdtemp(prefix="workspace-", dir=root))
    try:
        make(folder)
        yield folder
    finally:
        remove(folder)


def remove(folder: Path) -> None:
    """Removes a folder with all that is in it; what can't be removed stays."""
    shutil.rmtree(folder, ignore_errors=True)
