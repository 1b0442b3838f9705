from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from codeforge_common.handler import Fail, Retry
from codeforge_worker.agent import measurement
from codeforge_worker.agent.measurement import measured
from tests.plugins.waiting import wait_for
from tests.worker.agent.conftest import processes_below
from tests.worker.agent.git_repository import GitRepository


@pytest.fixture
def folder(repository: GitRepository) -> Iterator[Path]:
    """The repository's objects. After the test no process works there."""
    yield repository.path / ".git"
    assert processes_below(repository.path) == []


def instead(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Lets the measuring process be another Python program."""
    monkeypatch.setattr(measurement, "_COMMAND", (sys.executable, "-c", program))


async def test_facts_and_progress(folder: Path) -> None:
    shares: list[float] = []
    facts = await measured(folder, on_progress=shares.append)
    assert facts["files"]["count"] == 2
    assert shares == sorted(shares)
    assert shares[-1] == 1


async def test_measuring_does_not_hold_up_the_event_loop(folder: Path) -> None:
    gaps: list[float] = []

    async def tick() -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            gaps.append(time.monotonic() - before)

    ticking = asyncio.create_task(tick())
    await measured(folder)
    ticking.cancel()
    assert len(gaps) > 5


async def test_too_slow(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    instead(monkeypatch, "while True: pass")
    with pytest.raises(Fail, match="analysis_too_slow"):
        await measured(folder, limit_seconds=0.5)


@pytest.mark.parametrize(
    ("program", "code"), [("1/0", "1"), ("import os; os.kill(os.getpid(), 9)", "137"), ("print('{\"done\": 1}')", "0")]
)
async def test_a_process_that_ends_without_facts_is_tried_again(
    program: str, code: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(monkeypatch, program)
    with pytest.raises(Retry) as retry:
        await measured(folder)
    assert retry.value.reason == f"Measuring the repository ended unexpectedly (code {code})."


async def test_complaints_do_not_fill_the_pipe(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    instead(monkeypatch, "import sys; sys.stderr.write('x' * 1_000_000); print('{\"facts\": {\"a\": 1}}')")
    assert await measured(folder) == {"a": 1}


async def test_cancelling_ends_it_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    instead(monkeypatch, "while True: pass")
    task = asyncio.create_task(measured(folder))
    await wait_for(lambda: processes_below(folder) != [], within=10, what="the process")
    asked = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert processes_below(folder) == []
    assert time.monotonic() - asked < 1
