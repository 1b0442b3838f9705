"""What a run asks of the store for its steps, in outages and at its limits."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from codeforge_common.errors import StoreUnavailable
from codeforge_common.handler import Cancelled, Fail
from codeforge_common.secrets import Redactor
from codeforge_common.store import Verdict
from codeforge_common.telemetry.readiness import Readiness
from codeforge_worker.availability import Availability
from codeforge_worker.run_calls import RunCalls
from codeforge_worker.step_keeper import StepKeeper, StepLimits
from tests.plugins.waiting import wait_for
from tests.worker.fake_store import FakeStore, run_of


class Desk:
    """A keeper for one run. ``heard``: what the run was told. ``order``: what happened in which order."""

    def __init__(self, *, result_bytes: int = 100, together: int = 200, **steps: str) -> None:
        self.store = FakeStore()
        self.readiness = Readiness()
        self.heard: list[Verdict] = []
        self.order: list[str] = []
        self.keeper = StepKeeper(
            run_of("job"),
            calls=RunCalls(store=self.store, worker="w", availability=Availability(self.readiness)),
            limits=StepLimits(result_bytes=result_bytes, number=10, bytes=together),
            finished=steps,
            seal=lambda name, text: f"sealed {name} {text}".encode(),
            redactor=Redactor(["hunter2", "neighbour"]),
            own=Redactor(["hunter2"]),
            said=self._say,
            heed=self.heard.append,
            grace=lambda: 1.25,
        )
        self.store.meanwhile["step"] = lambda: self.order.append("step")

    async def _say(self) -> None:
        self.order.append("output")

    @property
    def kept(self) -> list[tuple[str, str | bytes]]:
        return [(asked["step"], asked["result"]) for asked in self.store.asked("step")]


async def test_a_result_is_kept_without_secrets_and_so_returned() -> None:
    desk = Desk()
    assert await desk.keeper.keep("plan", {"key": "hunter2", "n": 1}) == '{"key":"[redacted]","n":1}'
    assert desk.kept == [("plan", '{"key":"[redacted]","n":1}')]
    assert desk.heard == [Verdict.HELD]


async def test_the_output_so_far_is_there_before_the_step() -> None:
    desk = Desk()
    await desk.keeper.keep("plan", 1)
    assert desk.order == ["output", "step"]


@pytest.mark.parametrize("length", [98, 99])
async def test_a_result_may_have_so_many_bytes_and_no_more(length: int) -> None:
    desk = Desk(result_bytes=100)
    if length == 98:
        assert await desk.keeper.keep("plan", "x" * length)
    else:
        with pytest.raises(Fail, match="step_result_too_large: The step result has 101 bytes") as failed:
            await desk.keeper.keep("plan", "x" * length)
        assert failed.value.code == "step_result_too_large"
        assert desk.kept == []


async def test_what_is_no_json_fails_the_job() -> None:
    desk = Desk()
    with pytest.raises(Fail, match="step_result_not_json"):
        await desk.keeper.keep("plan", object())


async def test_the_steps_of_a_job_may_have_so_many_bytes_together_and_no_more() -> None:
    desk = Desk(together=20, earlier='"12345"')
    await desk.keeper.keep("a", "12345")
    await desk.keeper.keep("b", "1234")
    with pytest.raises(Fail) as failed:
        await desk.keeper.keep("c", 1)
    assert failed.value.code == "too_many_steps"
    assert [name for name, _ in desk.kept] == ["a", "b"]


async def test_a_private_result_is_kept_sealed_and_without_secrets_too() -> None:
    desk = Desk()
    assert await desk.keeper.keep("edit", {"key": "hunter2"}, private=True) == '{"key":"[redacted]"}'
    assert desk.kept == [("edit", b'sealed edit {"key":"[redacted]"}')]


async def test_of_a_private_result_only_the_job_s_own_secrets_are_blacked_out() -> None:
    text = "postgres://app:app@host hunter2 neighbour"
    desk = Desk()
    assert await desk.keeper.keep("edit", text, private=True) == '"postgres://app:app@host [redacted] neighbour"'
    assert desk.kept == [("edit", b'sealed edit "postgres://app:app@host [redacted] neighbour"')]
    assert await desk.keeper.keep("plan", text) == '"postgres://[redacted]@host [redacted] [redacted]"'


async def test_its_run_says_how_long_a_cancel_waits() -> None:
    assert Desk().keeper.grace == 1.25


@pytest.mark.parametrize("length", [98, 99])
async def test_of_a_private_result_the_json_counts_and_not_what_is_kept_of_it(length: int) -> None:
    desk = Desk(result_bytes=100)
    if length == 98:
        await desk.keeper.keep("edit", "x" * length, private=True)  # more than 100 bytes when it is sealed
    else:
        with pytest.raises(Fail, match="step_result_too_large: The step result has 101 bytes"):
            await desk.keeper.keep("edit", "x" * length, private=True)
        assert desk.kept == []


async def test_so_it_does_in_the_job_s_sum() -> None:
    desk = Desk(together=20, earlier='"12345"')
    await desk.keeper.keep("a", "12345", private=True)
    await desk.keeper.keep("b", "1234", private=True)
    with pytest.raises(Fail, match="have 21 bytes as JSON together"):
        await desk.keeper.keep("c", 1, private=True)
    assert [name for name, _ in desk.kept] == ["a", "b"]


async def test_it_has_steps_forgotten_and_says_what_output_is_left() -> None:
    desk = Desk()
    desk.store.output_left = 7
    assert await desk.keeper.forget("edit") == 7
    assert desk.store.asked("forget") == [{"job_id": "job", "step": "edit"}]
    desk.store.verdicts = {"job": Verdict.FENCED}
    with pytest.raises(asyncio.CancelledError):
        await desk.keeper.forget("edit")
    assert desk.heard == [Verdict.HELD, Verdict.FENCED]


async def test_it_waits_through_an_outage() -> None:
    desk = Desk()
    desk.store.troubles = [StoreUnavailable(), StoreUnavailable()]
    assert await desk.keeper.keep("plan", 1) == "1"
    assert desk.kept == [("plan", "1")] * 3
    assert desk.readiness.report()[1]["store"]["ok"]


@pytest.mark.parametrize("verdict", [Verdict.FENCED, Verdict.GONE])
async def test_a_run_that_has_lost_its_job_goes_no_further(verdict: Verdict) -> None:
    desk = Desk()
    desk.store.verdicts = {"job": verdict}
    with pytest.raises(asyncio.CancelledError):
        await desk.keeper.keep("plan", 1)
    with pytest.raises(asyncio.CancelledError):
        await desk.keeper.assert_held()
    assert desk.heard == [verdict] * 2


async def test_a_cancel_is_heeded_the_step_kept_and_an_effect_refused() -> None:
    desk = Desk()
    desk.store.verdicts = {"job": Verdict.CANCELLED}
    assert await desk.keeper.keep("plan", 1) == "1"
    with pytest.raises(Cancelled):
        await desk.keeper.assert_held()
    assert desk.heard == [Verdict.CANCELLED] * 2


@pytest.mark.parametrize("ask", ["keep", "assert_held"])
async def test_who_is_cancelled_while_the_store_hangs_is_so_at_once_and_the_call_ends_by_itself(ask: str) -> None:
    desk = Desk()
    desk.store.gate.clear()
    asking: Coroutine[Any, Any, Any] = desk.keeper.keep("plan", 1) if ask == "keep" else desk.keeper.assert_held()
    task = asyncio.create_task(asking)
    await wait_for(lambda: bool(desk.store.calls), within=30, what="the call")
    task.cancel()
    await asyncio.wait({task}, timeout=30)
    assert task.cancelled()
    answered: list[str] = []
    desk.store.meanwhile = {name: lambda: answered.append("yes") for name in ("step", "hold")}
    desk.store.gate.set()
    await wait_for(lambda: bool(answered), within=30, what="the end of the call")
    assert desk.heard == []


async def test_who_is_cancelled_in_an_outage_leaves_no_trace_of_it() -> None:
    desk = Desk()
    desk.store.troubles = [StoreUnavailable()] * 100
    task = asyncio.create_task(desk.keeper.assert_held())
    await wait_for(lambda: len(desk.store.calls) > 1, within=30, what="the second try")
    assert not desk.readiness.report()[1]["store"]["ok"]
    task.cancel()
    await asyncio.wait({task}, timeout=30)
    assert desk.readiness.report()[1]["store"]["ok"]
