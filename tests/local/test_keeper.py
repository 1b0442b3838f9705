from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable

import psutil
import pytest

from codeforge_local import keeper
from codeforge_local.keeper import GaveUp, Keeper
from codeforge_local.service import Service
from tests.local.conftest import Notes
from tests.plugins.waiting import wait_for

MakeService = Callable[..., Service]


async def test_one_line_says_that_it_is_ready_and_where(fake: MakeService, capsys: pytest.CaptureFixture[str]) -> None:
    kept = Keeper(fake("edge"))
    kept.start()
    await asyncio.wait_for(kept.ready.wait(), 10)
    await kept.stop()

    assert capsys.readouterr().out == f"edge     ready  {kept.service.address}\n"


async def test_a_service_that_dies_is_started_again_with_growing_pauses(
    fake: MakeService, notes: Notes, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "FIRST_PAUSE", 0.01)
    kept = Keeper(fake("worker"))
    kept.start()
    await asyncio.wait_for(kept.ready.wait(), 10)
    for life in (1, 2, 3):
        os.kill(notes.pids()[-1], signal.SIGKILL)
        await wait_for(lambda life=life: len(notes.pids()) > life, within=10, what="the next life")  # type: ignore[misc]
    await kept.stop()

    said = [line for line in capsys.readouterr().out.splitlines() if "starting again" in line]
    assert said == [f"worker   ended by SIGKILL; starting again in {pause} s" for pause in ("0.01", "0.02", "0.04")]


async def test_a_service_that_ran_for_a_while_begins_with_the_first_pause_again(
    fake: MakeService, notes: Notes, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(keeper, "STEADY", 0)
    kept = Keeper(fake("worker"))
    kept.start()
    await asyncio.wait_for(kept.ready.wait(), 30)
    for life in (1, 2, 3):
        os.kill(notes.pids()[-1], signal.SIGKILL)
        await wait_for(lambda life=life: len(notes.pids()) > life, within=30, what="the next life")  # type: ignore[misc]
    await kept.stop()

    said = [line for line in capsys.readouterr().out.splitlines() if "starting again" in line]
    assert said == ["worker   ended by SIGKILL; starting again in 0.01 s"] * 3


async def test_a_service_that_never_gets_ready_is_given_up(fake: MakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "FIRST_PAUSE", 0.01)
    kept = Keeper(fake("edge", "--broken"))
    kept.start()

    assert kept.task is not None
    with pytest.raises(GaveUp, match="edge ended with exit code 3, 3 times in a row, before it was ready"):
        await asyncio.wait_for(kept.task, 10)


async def test_a_deaf_service_is_killed_after_its_grace(
    fake: MakeService, notes: Notes, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "LENIENCE", 0.1)
    kept = Keeper(fake("worker", "--deaf", grace=0.2))
    kept.start()
    await asyncio.wait_for(kept.ready.wait(), 10)
    await kept.stop()

    assert not psutil.pid_exists(notes.pids()[0])
    assert "is killed" in capsys.readouterr().out


async def test_a_service_that_needs_all_of_its_grace_ends_by_itself(
    fake: MakeService, notes: Notes, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "LENIENCE", 30)
    kept = Keeper(fake("worker", "--slow", grace=0.5))
    kept.start()
    await asyncio.wait_for(kept.ready.wait(), 10)
    await kept.stop()

    assert notes.lines()[-1].endswith("ended")
    assert "is killed" not in capsys.readouterr().out


async def test_what_a_service_leaves_in_its_group_ends_with_it(fake: MakeService, notes: Notes) -> None:
    kept = Keeper(fake("worker", "--child"))
    kept.start()
    await asyncio.wait_for(kept.ready.wait(), 10)
    (child,) = notes.pids("child")
    await kept.stop()

    await wait_for(lambda: not psutil.pid_exists(child) or _is_zombie(child), within=5, what="end of the child")


async def test_stopping_during_a_pause_starts_nothing_more(
    fake: MakeService, notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "FIRST_PAUSE", 60.0)
    kept = Keeper(fake("edge", "--broken"))
    kept.start()
    await wait_for(lambda: len(notes.pids()) == 1, within=10, what="the first start")
    await asyncio.wait_for(kept.stop(), 5)

    assert len(notes.pids()) == 1


def _is_zombie(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
