"""What a run gets of the steps that earlier runs have finished."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from codeforge_common.handler import JobContext
from codeforge_common.handler.ending import Stop
from codeforge_common.handler.steps import GRACE_SECONDS
from codeforge_common.store import OutcomeKind, Verdict
from codeforge_worker import clock
from codeforge_worker.private_steps import open_steps, seal
from tests.plugins.waiting import wait_for
from tests.worker.fake_store import run_of
from tests.worker.test_runner import KEY, Desk, desk

__all__ = ["desk"]


async def edit(ctx: JobContext) -> Any:
    """Says which of its steps ran."""
    ran = []
    for name in ("plan", "edit", "push"):
        await ctx.step(name, lambda name=name: ran.append(name), private=name == "edit")  # type: ignore[misc]
    return ran


async def test_it_gets_private_ones_too(desk: Desk) -> None:
    kept = seal("1", run=run_of("a"), name="edit", keyring=KEY)
    desk.start(edit, run_of("a", steps={"plan": "1", "edit": kept}))
    assert await desk.end() == [(OutcomeKind.COMPLETED, '["push"]')]
    assert desk.store.asked("forget") == []


async def test_new_ones_are_kept_sealed(desk: Desk) -> None:
    desk.start(edit, run_of("a"))
    assert await desk.end() == [(OutcomeKind.COMPLETED, '["plan","edit","push"]')]
    plan, private, push = (asked["result"] for asked in desk.store.asked("step"))
    assert (plan, push) == ("null", "null")
    assert isinstance(private, bytes)


async def test_files_and_patches_in_private_ones_stay_as_they_are(desk: Desk) -> None:
    patch = "+ DATABASE_URL=postgres://app:app@host\n+ token=ghp_neighbour1234"

    async def work(ctx: JobContext) -> Any:
        assert await ctx.step("edit", lambda: f"{patch} hunter2-hunter2", private=True) == f"{patch} [redacted]"
        return await ctx.step("plan", lambda: patch)

    run = run_of("a", sealed=KEY.seal({"context.key": "hunter2-hunter2"}, job_id="a", user_id="user"))
    with desk.redactor.holding(["ghp_neighbour1234", "DATABASE_URL"]):  # of another job's
        desk.start(work, run)
        shown = '"+ [redacted]=postgres://[redacted]@host\\n+ token=[redacted]"'
        assert await desk.end() == [(OutcomeKind.COMPLETED, shown)]
    kept = desk.store.asked("step")[0]["result"]
    again = run_of("a", steps={"edit": kept})
    assert open_steps(again, keyring=KEY).steps == {"edit": json.dumps(f"{patch} [redacted]")}


@pytest.mark.parametrize(("reason", "kept"), [(Stop.CANCELLED, True), (Stop.WALL_TIME, True), (Stop.FENCED, False)])
async def test_what_is_being_made_when_the_run_is_stopped_is_kept_if_it_still_has_its_job(
    desk: Desk, reason: Stop, kept: bool
) -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    async def make(key: str) -> str:
        asked.set()
        try:
            await answer.wait()
        finally:
            answer.set()
        return key

    async def work(ctx: JobContext) -> Any:
        await ctx.effect("pull-request", lambda key: None, make)

    (attempt,) = desk.start(work, run_of("a", lease_ms=600_000)).attempts
    await asyncio.wait_for(asked.wait(), timeout=30)
    attempt.stop(reason)
    await wait_for(lambda: attempt.stopped is reason, within=30, what="the stop")
    if kept:
        answer.set()
    await desk.end()
    assert [asked["step"] for asked in desk.store.asked("step")] == ["pull-request"] * kept


@pytest.mark.parametrize(
    ("used", "reason", "seconds"),
    [
        (0.0, Stop.CANCELLED, 2.0),
        (0.7, Stop.CANCELLED, 1.0),
        (0.0, Stop.SHUTDOWN, GRACE_SECONDS),
        (0.7, Stop.LEASE, 1.0),
        (0.95, Stop.LEASE, 0.0),
        (0.0, Stop.FENCED, 0.0),
    ],
)
async def test_a_cancel_waits_for_no_more_than_half_of_what_is_left_of_the_lease(
    desk: Desk, used: float, reason: Stop, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    graces: list[float] = []

    async def work(ctx: JobContext) -> Any:
        attempt.stopped = reason
        graces.append(ctx.steps()._keeper.grace)

    (attempt,) = desk.start(work, run_of("a")).attempts
    attempt.since = now - used * attempt.seconds
    await desk.end()
    assert graces == pytest.approx([seconds])


async def test_one_that_it_cannot_open_is_forgotten_before_the_handler_begins(desk: Desk) -> None:
    async def write(ctx: JobContext) -> Any:
        assert [name for name, _ in desk.store.calls] == ["forget"]
        ctx.output("x" * 1000)
        return await edit(ctx)

    desk.store.output_left = 0
    desk.start(write, run_of("a", steps={"plan": "1", "edit": b"of another key", "push": "1"}, output_bytes=1000))
    ((kind, result),) = await desk.end()
    assert (kind, result) == (OutcomeKind.COMPLETED, '["edit","push"]')
    assert desk.store.asked("forget") == [{"job_id": "a", "step": "edit"}]
    outcome = desk.ended[0].attempts[0].outcome
    assert outcome is not None
    assert not any("is full" in line for report in outcome.reports for line in report.lines)


@pytest.mark.parametrize("verdict", [Verdict.FENCED, Verdict.CANCELLED])
async def test_a_run_that_is_to_end_does_not_begin(desk: Desk, verdict: Verdict) -> None:
    async def run(ctx: JobContext) -> Any:
        pytest.fail("it began")

    desk.store.verdicts = {"a": verdict}
    desk.start(run, run_of("a", steps={"edit": b"of another key"}))
    ((kind, _),) = await desk.end()
    assert kind is (None if verdict is Verdict.FENCED else OutcomeKind.CANCELLED)
