"""Steps, effects and output of blocking handlers, through a real child. The handlers stand below."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from codeforge_common.handler import BlockingContext, Cancelled, Fail
from codeforge_common.handler.result import Json
from codeforge_common.handler.steps import Keeper
from codeforge_worker.blocking import ChildDied
from tests.plugins.waiting import wait_for
from tests.worker.test_blocking import Notes, start


class Shelf(Keeper):
    """Keeps what it is given. ``lost``: the run has lost its job. ``gate``: it answers when that is open."""

    def __init__(self, *, lost: bool = False) -> None:
        self.kept: dict[str, Any] = {}
        self.private: set[str] = set()
        self.asked = 0
        self.lost = lost
        self.gate = asyncio.Event()
        self.gate.set()

    async def keep(self, name: str, result: Any, *, private: bool = False) -> str:
        self.kept[name] = result
        self.private |= {name} if private else set()
        await self._answer()
        return str(result.text).replace("hunter2", "[redacted]")

    async def assert_held(self) -> None:
        self.asked += 1
        await self._answer()

    async def _answer(self) -> None:
        await self.gate.wait()
        if self.lost:
            raise asyncio.CancelledError


def work_in_steps(ctx: BlockingContext) -> Any:
    ctx.output("before")
    plan = ctx.step("plan", lambda: {"key": "hunter2"}, private=True)
    ctx.output("between")
    pull = ctx.effect("pull", lambda key: None, lambda key: f"made {key}")
    return [plan, pull]


async def test_a_child_s_steps_are_kept_by_the_worker(tmp_path: Path) -> None:
    notes, shelf = Notes(), Shelf()
    result = await start(work_in_steps, tmp_path, notes=notes, keeper=shelf).result()
    assert result == Json('[{"key":"[redacted]"},"made job:pull"]')
    assert shelf.kept == {"plan": Json('{"key":"hunter2"}'), "pull": Json('"made job:pull"')}
    assert shelf.private == {"plan"}
    assert shelf.asked == 2
    assert notes.said == [{"output": "before"}, {"output": "between"}]


async def test_finished_ones_are_not_run_again_nor_written(tmp_path: Path) -> None:
    notes, shelf = Notes(), Shelf()
    result = await start(work_in_steps, tmp_path, notes=notes, keeper=shelf, finished={"plan": "1"}).result()
    assert result == Json('[1,"made job:pull"]')
    assert list(shelf.kept) == ["pull"]
    assert notes.said == [{"output": "between"}]


def return_too_much(ctx: BlockingContext) -> Any:
    ctx.step("large", lambda: "x" * ctx.context["n"] * 999)


def do_too_much(ctx: BlockingContext) -> Any:
    for number in range(4):
        ctx.step(f"step-{number}", lambda: 1)


async def test_limits_fail_the_job(tmp_path: Path) -> None:
    large = await start(return_too_much, tmp_path).result()
    assert isinstance(large, Fail)
    assert large.code == "step_result_too_large"
    many = await start(do_too_much, tmp_path, keeper=Shelf()).result()
    assert isinstance(many, Fail)
    assert many.code == "too_many_steps"


def refused(ctx: BlockingContext) -> Any:
    ctx.step("step", lambda: 1)


async def test_what_the_worker_refuses_fails_the_job(tmp_path: Path) -> None:
    class Full(Shelf):
        async def keep(self, name: str, result: Any, *, private: bool = False) -> str:
            raise Fail("too_many_steps", "Together they are too large.")

    failed = await start(refused, tmp_path, keeper=Full()).result()
    assert isinstance(failed, Fail)
    assert str(failed) == "too_many_steps: Together they are too large."


def make_and_tell(ctx: BlockingContext) -> Any:
    ctx.effect("pull", lambda key: ctx.log("looked"), lambda key: ctx.log("made"))


def make_and_tidy_up(ctx: BlockingContext) -> Any:
    try:
        make_and_tell(ctx)
    finally:
        ctx.sink.log("tidied up")


async def test_a_child_whose_job_is_lost_makes_nothing(tmp_path: Path) -> None:
    notes = Notes()
    with pytest.raises(ChildDied):
        await start(make_and_tell, tmp_path, notes=notes, keeper=Shelf(lost=True)).result()
    assert notes.said == []


async def test_a_child_that_waits_for_an_answer_hears_of_a_cancel(tmp_path: Path) -> None:
    shelf = Shelf()
    shelf.gate.clear()
    task = asyncio.create_task(start(make_and_tell, tmp_path, keeper=shelf, cancel_seconds=60).result())
    await wait_for(lambda: shelf.asked == 1, within=30, what="the question")
    task.cancel()
    await asyncio.sleep(0)
    shelf.gate.set()
    with pytest.raises(Cancelled):
        await asyncio.wait_for(task, 30)
    assert shelf.asked == 1


async def test_an_effect_of_a_cancelled_job_is_refused_and_its_child_may_tidy_up(tmp_path: Path) -> None:
    class Refusing(Shelf):
        async def assert_held(self) -> None:
            self.asked += 1
            task.cancel()
            await asyncio.sleep(0)
            raise Cancelled

    notes, shelf = Notes(), Refusing()
    task = asyncio.create_task(start(make_and_tidy_up, tmp_path, notes=notes, keeper=shelf, cancel_seconds=60).result())
    with pytest.raises(Cancelled):
        await asyncio.wait_for(task, 30)
    assert (shelf.asked, notes.said) == (1, ["tidied up"])


async def test_a_child_that_is_killed_leaves_no_question_behind(tmp_path: Path) -> None:
    shelf = Shelf()
    shelf.gate.clear()
    run = start(make_and_tell, tmp_path, keeper=shelf)
    task = asyncio.create_task(run.result())
    await wait_for(lambda: shelf.asked == 1, within=30, what="the question")
    run.process.kill()
    with pytest.raises(ChildDied):
        await asyncio.wait_for(task, 30)


def write_much(ctx: BlockingContext) -> Any:
    for number in range(1000):
        ctx.output(f"{number:03}é\0\udcff" * 30)
    time.sleep(0)


async def test_much_output_arrives_whole_and_in_order(tmp_path: Path) -> None:
    notes = Notes()
    await start(write_much, tmp_path, notes=notes).result()
    written = "".join(said["output"] for said in notes.said)
    assert written == "".join(f"{number:03}é\0?" * 30 for number in range(1000))
