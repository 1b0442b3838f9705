"""What a run gets of the steps that earlier runs have finished."""

from __future__ import annotations

from typing import Any

import pytest

from codeforge_common.handler import JobContext
from codeforge_common.store import OutcomeKind, Verdict
from codeforge_worker.private_steps import seal
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
