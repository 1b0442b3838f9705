"""Private steps: their results have a secret's lifetime, and no later step outlives one that is lost."""

from __future__ import annotations

import pytest

from codeforge_common.store import Limits, OutcomeKind, Run, Verdict
from tests.common.store.harness import Harness

SEALED = b"\xff\x00 sealed \xfe"
RETRY_MS = Limits().secrets_retry_ms


async def lifetime(bench: Harness, run: Run) -> int:
    """Of the private results, in milliseconds; -1: no end is set, -2: they are gone."""
    return int(await bench.redis.pttl(bench.key("job", run.job_id, "private")))


async def lose(bench: Harness, run: Run) -> None:
    """The private results' time is over."""
    assert await bench.redis.delete(bench.key("job", run.job_id, "private"))


async def finish(bench: Harness, run: Run, **steps: str | bytes) -> None:
    """The run finishes steps with these results."""
    for name, result in steps.items():
        await bench.step(run, name, result)


async def fail_and_retry(bench: Harness, run: Run, *, step: str | None = None, lost: bool = False) -> Run:
    """The run that follows a failure and a retry by hand."""
    await bench.settle(run, OutcomeKind.FAILED, reason="boom")
    if lost:
        await lose(bench, run)
    await bench.store.retry(run.job_id, caller="ann", request_id="r", step=step)
    (later,) = (await bench.claim("w2")).runs
    return later


async def test_the_next_run_gets_them_as_they_were_sealed_among_the_others(bench: Harness) -> None:
    run = await bench.start()
    assert await bench.step(run, "plan", '"p"') is Verdict.HELD
    assert await bench.step(run, "edit", SEALED) is Verdict.HELD
    assert await bench.step(run, "push", '"u"') is Verdict.HELD
    assert list((await bench.get(run.job_id)).steps) == ["plan", "edit", "push"]
    assert (await bench.claim_again()).runs[0].steps == {"plan": '"p"', "edit": SEALED, "push": '"u"'}
    await bench.settle(run, OutcomeKind.HANDED_BACK)
    (later,) = (await bench.claim("w2")).runs
    assert list(later.steps.items()) == [("plan", '"p"'), ("edit", SEALED), ("push", '"u"')]


async def test_the_first_result_counts(bench: Harness) -> None:
    run = await bench.start()
    for result in (SEALED, b"later", '"in plain"'):
        await bench.step(run, "edit", result)
    assert (await bench.claim_again()).runs[0].steps == {"edit": SEALED}


async def test_what_is_kept_in_plain_stays_so(bench: Harness) -> None:
    run = await bench.start()
    await bench.step(run, "plan", "1")
    await bench.step(run, "plan", SEALED)
    assert not await bench.exists(run.job_id, "private")
    assert (await bench.claim_again()).runs[0].steps == {"plan": "1"}


async def test_they_have_no_end_while_the_job_is_not_finished(bench: Harness) -> None:
    run = await bench.start()
    await bench.step(run, "edit", SEALED)
    assert await lifetime(bench, run) == -1
    await bench.settle(run, OutcomeKind.RETRY, reason="boom")
    assert await lifetime(bench, run) == -1


async def test_they_are_gone_when_the_job_completes_and_their_names_stay(bench: Harness) -> None:
    run = await bench.start()
    await bench.step(run, "edit", SEALED)
    await bench.settle(run, OutcomeKind.COMPLETED)
    assert not await bench.exists(run.job_id, "private")
    assert (await bench.get(run.job_id)).steps == ["edit"]


@pytest.mark.parametrize("kind", [OutcomeKind.FAILED, OutcomeKind.CANCELLED])
async def test_after_another_end_they_live_as_long_as_a_secret_and_a_retry_keeps_them(
    bench: Harness, kind: OutcomeKind
) -> None:
    run = await bench.start()
    await bench.step(run, "edit", SEALED)
    await bench.settle(run, kind, reason="boom")
    assert 0 < await lifetime(bench, run) <= RETRY_MS
    await bench.store.retry(run.job_id, caller="ann", request_id="r")
    assert await lifetime(bench, run) == -1
    assert (await bench.claim()).runs[0].steps == {"edit": SEALED}


async def test_a_job_that_is_cancelled_while_it_waits_keeps_them_no_longer_either(bench: Harness) -> None:
    run = await bench.start()
    await bench.step(run, "edit", SEALED)
    await bench.settle(run, OutcomeKind.HANDED_BACK)
    await bench.store.cancel(run.job_id, caller="ann")
    assert 0 < await lifetime(bench, run) <= RETRY_MS


async def test_a_lost_one_takes_the_later_steps_and_their_output_along(bench: Harness) -> None:
    run = await bench.start()
    await bench.report(run, 1, output="plan. ")
    await bench.step(run, "plan", '"p"')
    await bench.report(run, 2, output="edit. ")
    await bench.step(run, "edit", SEALED)
    await bench.report(run, 3, output="push. ")
    await bench.step(run, "push", '"u"')
    later = await fail_and_retry(bench, run, lost=True)
    assert later.steps == {"plan": '"p"'}
    assert later.output_bytes == len("plan. ")
    assert (await bench.get(run.job_id)).steps == ["plan"]
    assert (await bench.store.output(run.job_id, caller="ann")).text == "plan. "
    assert await bench.step(later, "edit", b"anew", worker="w2") is Verdict.HELD
    assert (await bench.claim_again("w2")).runs[0].steps == {"plan": '"p"', "edit": b"anew"}


async def test_a_lost_first_one_leaves_nothing(bench: Harness) -> None:
    run = await bench.start()
    await bench.step(run, "edit", SEALED)
    await bench.step(run, "push")
    later = await fail_and_retry(bench, run, lost=True)
    assert (later.steps, later.output_bytes) == ({}, 0)
    assert not await bench.exists(run.job_id, "steps")


async def test_a_retry_from_a_step_after_a_lost_one_begins_at_the_lost_one(bench: Harness) -> None:
    run = await bench.start()
    await finish(bench, run, plan='"p"', edit=SEALED, check="1", push="1")
    assert (await fail_and_retry(bench, run, step="push", lost=True)).steps == {"plan": '"p"'}


@pytest.mark.parametrize(("step", "kept"), [("plan", []), ("edit", ["plan"]), ("push", ["plan", "edit"])])
async def test_a_retry_from_a_step_forgets_the_private_ones_from_there_on(
    bench: Harness, step: str, kept: list[str]
) -> None:
    run = await bench.start()
    await finish(bench, run, plan='"p"', edit=SEALED, push=SEALED)
    assert list((await fail_and_retry(bench, run, step=step)).steps) == kept
    private = await bench.redis.hkeys(bench.key("job", run.job_id, "private"))
    assert private == [name.encode() for name in kept if name != "plan"]


class TestForget:
    async def run_with_three(self, bench: Harness) -> Run:
        run = await bench.start()
        for number, name in enumerate(("plan", "edit", "push"), start=1):
            await bench.report(run, number, output=f"{name}. ")
            await bench.step(run, name, SEALED if name == "edit" else '"p"')
        return run

    async def forget(self, bench: Harness, run: Run, name: str, *, worker: str = "w1") -> tuple[Verdict, int]:
        return await bench.store.forget_steps(worker=worker, job_id=run.job_id, token=run.token, name=name)

    async def test_a_run_forgets_a_step_it_cannot_open_and_finishes_it_anew(self, bench: Harness) -> None:
        run = await self.run_with_three(bench)
        assert await self.forget(bench, run, "edit") == (Verdict.HELD, len("plan. "))
        assert await self.forget(bench, run, "edit") == (Verdict.HELD, len("plan. "))
        assert (await bench.get(run.job_id)).steps == ["plan"]
        assert (await bench.store.output(run.job_id, caller="ann")).text == "plan. "
        await bench.step(run, "edit", b"anew")
        assert (await bench.claim_again()).runs[0].steps == {"plan": '"p"', "edit": b"anew"}

    async def test_who_lost_the_job_forgets_nothing(self, bench: Harness) -> None:
        run = await self.run_with_three(bench)
        verdict, _ = await self.forget(bench, run, "edit", worker="w2")
        assert verdict is Verdict.FENCED
        assert (await bench.get(run.job_id)).steps == ["plan", "edit", "push"]
        await bench.redis.delete(bench.key("job", run.job_id))
        assert await self.forget(bench, run, "edit") == (Verdict.GONE, 0)
