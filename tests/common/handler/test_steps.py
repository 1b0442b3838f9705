"""Steps as handlers use them, over a keeper that a test can look into."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from codeforge_common.handler import Fail
from codeforge_common.handler.outcome import HandlerExited
from codeforge_common.handler.steps import Keeper, Steps, to_the_end, unkept


class Shelf(Keeper):
    """Keeps results in a dictionary. ``lost``: the run has lost its job once it has been asked so many times.

    ``grace``: what a cancel waits for an effect.
    """

    def __init__(self, *, lost: int | None = None, grace: float = 30) -> None:
        self.kept: dict[str, str] = {}
        self.private: set[str] = set()
        self.asked = 0
        self._lost = lost
        self._grace = grace

    @property
    def grace(self) -> float:
        return self._grace

    async def keep(self, name: str, result: Any, *, private: bool = False) -> str:
        self.kept[name] = json.dumps(result)
        self.private |= {name} if private else set()
        return self.kept[name]

    async def assert_held(self) -> None:
        self.asked += 1
        if self.asked == self._lost:
            raise asyncio.CancelledError


class FullShelf(Shelf):
    """Refuses whatever it is to keep."""

    async def keep(self, name: str, result: Any, *, private: bool = False) -> str:
        raise Fail("too_many_steps", "Full.")


class Outside:
    """A service in which something is made. ``calls``: what was done, in order."""

    def __init__(self, found: Any = None) -> None:
        self.found = found
        self.calls: list[str] = []

    async def look(self, key: str) -> Any:
        self.calls.append(f"look {key}")
        return self.found

    def make(self, key: str) -> Any:
        self.calls.append(f"make {key}")
        return {"made": key}


class SlowService:
    """A service in which something takes until ``answer`` is set. ``asked``: somebody waits for it."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.answer = asyncio.Event()
        self.given_up = False

    async def make(self, key: str) -> str:
        self.asked.set()
        try:
            await self.answer.wait()
        except asyncio.CancelledError:
            self.given_up = True
            raise
        return key

    async def cancelled(self, shelf: Shelf) -> asyncio.Task[Any]:
        """An effect whose run was cancelled while this was asked for it."""
        task = asyncio.create_task(steps(shelf).effect("pr", lambda key: None, self.make, key="job:pr"))
        await self.asked.wait()
        task.cancel()
        await asyncio.sleep(0)
        return task


def steps(shelf: Keeper, *, finished: Mapping[str, str] | None = None, most: int = 10) -> Steps:
    return Steps(finished=finished or {}, keeper=shelf, most=most)


async def test_a_step_runs_and_its_result_is_kept_and_returned_as_json() -> None:
    shelf = Shelf()
    assert await steps(shelf).step("plan", lambda: {"files": ("a", "b")}) == {"files": ["a", "b"]}
    assert shelf.kept == {"plan": '{"files": ["a", "b"]}'}


async def test_the_keeper_hears_which_are_private() -> None:
    shelf = Shelf()
    run = steps(shelf)
    assert await run.step("edit-1", lambda: (1,), private=True) == [1]
    assert await run.step("check", lambda: 2) == 2
    assert (list(shelf.kept), shelf.private) == (["edit-1", "check"], {"edit-1"})


async def test_it_may_be_async() -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        return 5

    run = steps(Shelf())
    assert await run.step("one", work) == 5
    assert await run.step("two", lambda: work()) == 5


async def test_a_finished_step_is_not_run_again() -> None:
    shelf = Shelf()
    run = steps(shelf, finished={"plan": '{"files":["a"]}', "nothing": "null"})
    assert await run.step("plan", lambda: pytest.fail("it ran")) == {"files": ["a"]}
    assert await run.step("nothing", lambda: pytest.fail("it ran")) is None
    assert shelf.kept == {}


async def test_a_step_that_fails_keeps_nothing_and_may_be_tried_again() -> None:
    shelf = Shelf()
    run = steps(shelf)
    with pytest.raises(ZeroDivisionError):
        await run.step("plan", lambda: 1 / 0)
    assert shelf.kept == {}
    assert await run.step("plan", lambda: 1) == 1


@pytest.mark.parametrize("name", ["", "a b", "ü", "a/b", "x" * 101, "plan\n"])
async def test_a_name_that_cannot_be_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="can't be a step's name"):
        await steps(Shelf()).step(name, lambda: 1)


async def test_the_longest_name_is_taken() -> None:
    assert await steps(Shelf()).step("aZ0._:-".ljust(100, "x"), lambda: 1) == 1


@pytest.mark.parametrize("finished", [{}, {"plan": "1"}])
async def test_a_name_stands_for_one_step_of_a_run(finished: dict[str, str]) -> None:
    run = steps(Shelf(), finished=finished)
    await run.step("plan", lambda: 1)
    with pytest.raises(ValueError, match="has a step 'plan' already"):
        await run.step("plan", lambda: 2)


async def test_two_at_once_do_not_share_a_name() -> None:
    run, release = steps(Shelf()), asyncio.Event()
    first = asyncio.create_task(run.step("plan", release.wait))
    await asyncio.sleep(0)
    with pytest.raises(ValueError, match="already"):
        await run.step("plan", lambda: 2)
    release.set()
    assert await first is True


async def test_one_step_more_than_a_job_may_have_fails_it_before_it_runs() -> None:
    run = steps(Shelf(), finished={"1": "1", "unused": "1"}, most=3)
    await run.step("1", lambda: pytest.fail("it ran"))
    await run.step("2", lambda: 2)
    with pytest.raises(Fail) as failed:
        await run.step("3", lambda: pytest.fail("it ran"))
    assert failed.value.code == "too_many_steps"


async def test_what_is_not_there_is_made_under_its_key() -> None:
    shelf, outside = Shelf(), Outside()
    assert await steps(shelf).effect("pr", outside.look, outside.make, key="job:pr") == {"made": "job:pr"}
    assert outside.calls == ["look job:pr", "make job:pr"]
    assert shelf.asked == 2
    assert json.loads(shelf.kept["pr"]) == {"made": "job:pr"}


async def test_what_is_there_is_not_made_again() -> None:
    shelf, outside = Shelf(), Outside(found={"url": "there"})
    assert await steps(shelf).effect("pr", outside.look, outside.make, key="job:pr") == {"url": "there"}
    assert outside.calls == ["look job:pr"]
    assert json.loads(shelf.kept["pr"]) == {"url": "there"}


async def test_a_finished_effect_asks_nobody() -> None:
    shelf, outside = Shelf(), Outside()
    run = steps(shelf, finished={"pr": '"kept"'})
    assert await run.effect("pr", outside.look, outside.make, key="job:pr") == "kept"
    assert (outside.calls, shelf.asked) == ([], 0)


@pytest.mark.parametrize(("lost", "calls"), [(1, []), (2, ["look job:pr"])])
async def test_a_run_that_has_lost_its_job_makes_nothing(lost: int, calls: list[str]) -> None:
    shelf, outside = Shelf(lost=lost), Outside()
    with pytest.raises(asyncio.CancelledError):
        await steps(shelf).effect("pr", outside.look, outside.make, key="job:pr")
    assert (outside.calls, shelf.kept) == (calls, {})


async def test_a_cancel_waits_for_what_is_being_made_and_it_is_kept() -> None:
    shelf, service = Shelf(), SlowService()
    task = await service.cancelled(shelf)
    assert not task.done()
    service.answer.set()
    await asyncio.wait({task}, timeout=30)
    assert task.cancelled()
    assert shelf.kept == {"pr": '"job:pr"'}


async def test_it_does_so_for_as_long_as_the_keeper_says() -> None:
    shelf, service = Shelf(grace=0), SlowService()
    task = await service.cancelled(shelf)
    await asyncio.wait({task}, timeout=30)
    assert (task.cancelled(), service.given_up, shelf.kept) == (True, True, {})


async def test_a_second_cancel_waits_no_longer() -> None:
    shelf, service = Shelf(), SlowService()
    task = await service.cancelled(shelf)
    task.cancel()
    await asyncio.wait({task}, timeout=20)
    assert (task.cancelled(), service.given_up, shelf.kept) == (True, True, {})


async def test_a_cancel_goes_on_where_what_was_made_is_not_taken() -> None:
    shelf, service = FullShelf(), SlowService()
    task = await service.cancelled(shelf)
    service.answer.set()
    await asyncio.wait({task}, timeout=30)
    assert task.cancelled()


async def test_what_a_make_raises_is_raised_and_keeps_nothing() -> None:
    shelf = Shelf()
    run = steps(shelf)
    with pytest.raises(ZeroDivisionError):
        await run.effect("pr", lambda key: None, lambda key: 1 / 0, key="job:pr")
    with pytest.raises(HandlerExited):
        await run.effect("pr", lambda key: None, lambda key: sys.exit(), key="job:pr")
    assert shelf.kept == {}
    assert await run.effect("pr", lambda key: None, lambda key: 1, key="job:pr") == 1


async def test_it_replays_until_the_last_finished_step_is_passed() -> None:
    run = steps(Shelf(), finished={"one": "1", "two": "2"})
    assert run.replaying
    await run.step("one", lambda: 1)
    assert run.replaying
    await run.step("two", lambda: 2)
    assert not run.replaying
    assert not steps(Shelf()).replaying


async def test_a_new_step_ends_the_replay() -> None:
    run = steps(Shelf(), finished={"one": "1", "gone": "2"})
    await run.step("new", lambda: 1)
    assert not run.replaying


def test_a_blocking_handler_s_steps_need_no_loop() -> None:
    shelf = Shelf()
    assert to_the_end(steps(shelf).step("plan", lambda: [1])) == [1]
    with pytest.raises(TypeError, match="can't await"):
        to_the_end(steps(shelf).step("sleep", lambda: asyncio.sleep(0)))
    assert list(shelf.kept) == ["plan"]


def test_nor_do_its_effects() -> None:
    shelf = Shelf()

    def effect(make: Callable[[str], Any]) -> Any:
        return to_the_end(steps(shelf).effect("pr", lambda key: None, make, key="job:pr", on_a_loop=False))

    assert effect(lambda key: key) == "job:pr"
    with pytest.raises(TypeError, match="can't await"):
        effect(lambda key: asyncio.sleep(0))


async def test_not_even_where_there_is_one() -> None:
    outside = Outside()
    made = steps(Shelf()).effect("pr", lambda key: None, outside.make, key="job:pr", on_a_loop=False)
    assert to_the_end(made) == {"made": "job:pr"}


async def test_a_handler_that_a_test_calls_needs_no_worker() -> None:
    given = unkept()
    assert given() is given()
    assert await given().step("plan", lambda: (1, 2)) == [1, 2]
    outside = Outside()
    assert await given().effect("pr", outside.look, outside.make, key="job:pr") == {"made": "job:pr"}
