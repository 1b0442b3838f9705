"""Ends a program that fills a folder beyond a limit."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from codeforge_worker.process import GuardedProcess

_LOOK_SECONDS = 0.2


@asynccontextmanager
async def limited(process: GuardedProcess, *, folder: Path, limit: int) -> AsyncIterator[None]:
    """Kills ``process`` as soon as ``folder`` holds more than ``limit`` bytes; looks while the block runs."""
    watch = asyncio.create_task(_kill_when_larger(process, folder=folder, limit=limit))
    try:
        yield
    finally:
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch


async def _kill_when_larger(process: GuardedProcess, *, folder: Path, limit: int) -> None:
    while True:
        if await asyncio.to_thread(size, folder) > limit:
            process.kill()
            return
        await asyncio.sleep(_LOOK_SECONDS)


def size(folder: Path) -> int:
    """Bytes of all files below ``folder``; one that vanishes meanwhile counts nothing."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                total += Path(parent, name).lstat().st_size
    return total
