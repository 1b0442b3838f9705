from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from codeforge_common.handler.workspace import blocking_workspace, workspace


async def fill(folder: Path) -> None:
    (folder / "file").write_text("made")


async def test_it_is_made_and_gone(tmp_path: Path) -> None:
    async with workspace(tmp_path, fill) as folder:
        assert (folder / "file").read_text() == "made"
    assert list(tmp_path.iterdir()) == []


async def test_it_is_gone_when_making_it_fails(tmp_path: Path) -> None:
    async def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise OSError("no more room")

    with pytest.raises(OSError, match="no more room"):
        async with workspace(tmp_path, fail):
            pass
    assert list(tmp_path.iterdir()) == []


async def test_it_is_gone_when_the_run_is_cancelled(tmp_path: Path) -> None:
    entered = asyncio.Event()

    async def run() -> None:
        async with workspace(tmp_path, fill):
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(run())
    await entered.wait()
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    assert list(tmp_path.iterdir()) == []


def test_the_same_for_blocking_handlers(tmp_path: Path) -> None:
    with blocking_workspace(tmp_path, lambda folder: (folder / "file").touch()) as folder:
        assert (folder / "file").exists()
    assert list(tmp_path.iterdir()) == []
