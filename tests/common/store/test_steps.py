"""Durable steps: what a run has finished, a later one doesn't run again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from codeforge_common.errors import UnknownStep
from codeforge_common.job import Status
from codeforge_common.store import OutcomeKind, Run, Verdict
from tests.common.store.harness import Harness

End = Callable[[Harness, Run], Awaitable[object]]


async def crash(bench: Harness, run: Run) -> None:
    await bench.let_pass(11)


async def hand_back(bench: Harness, run: Run) -> None:
    await bench.settle(run, OutcomeKind.HANDED_BACK)


async def automatic_retry(bench: Harness, run: Run) -> None:
    await bench.settle(run, OutcomeKind.RETRY, reason="boom")


async def retry_by_hand(bench: Harness, run: Run) -> None:
    await bench.settle(run, OutcomeKind.FAILED, reason="boom")
    await bench.store.retry(run.job_id, caller="ann", request_id="r")


async def closed_worker(bench: Harness, run: Run) -> None:
    await bench.store.close_worker(worker="w1", serves=[])


@pytest.mark.parametrize("end", [crash, hand_back, automatic_retry, retry_by_hand, closed_worker])
async def test_finished_steps_come_with_the_next_run_on_any_worker(bench: Harness, end: End) -> None:
    run = await bench.start()
    assert run.steps == {}
    assert await bench.step(run, "plan", '{"files": ["a b", "c\\n"]}') is Verdict.HELD
    assert await bench.step(run, "code", '"ế"') is Verdict.HELD
    await end(bench, run)
    (later,) = (await bench.claim("w2")).runs
    assert list(later.steps.items()) == [("plan", '{"files": ["a b", "c\\n"]}'), ("code", '"ế"')]


async def test_the_same_claim_again_brings_the_steps_too(bench: Harness) -> None:
    run = await bench.start()
    await bench.step(run, "plan")
    (again,) = (await bench.claim_again()).runs
    assert again.steps == {"plan": "1"}


async def test_the_first_result_of_a_name_counts(bench: Harness) -> None:
    run = await bench.start()
    for result in ("1", "2"):
        assert await bench.step(run, "plan", result) is Verdict.HELD
    await hand_back(bench, run)
    (later,) = (await bench.claim()).runs
    assert later.steps == {"plan": "1"}
    assert await bench.step(later, "plan", "3") is Verdict.HELD
    assert (await bench.claim_again()).runs[0].steps == {"plan": "1"}


async def test_many_steps_keep_their_order(bench: Harness) -> None:
    run = await bench.start()
    names = [f"step {number}" for number in range(40, 0, -1)]
    for name in names:
        await bench.step(run, name)
    assert list((await bench.get(run.job_id)).steps) == names
    await hand_back(bench, run)
    (later,) = (await bench.claim()).runs
    assert list(later.steps) == names


async def test_a_record_names_its_steps_where_it_is_shown_whole_or_listed(bench: Harness) -> None:
    run = await bench.start()
    assert (await bench.get(run.job_id)).steps == []
    await bench.step(run, "plan")
    assert (await bench.get(run.job_id)).steps == ["plan"]
    (listed,) = (await bench.store.page("ann")).jobs
    assert listed.steps == ["plan"]


async def test_who_lost_the_job_keeps_nothing(bench: Harness) -> None:
    stale = await bench.start()
    await crash(bench, stale)
    assert await bench.step(stale, "plan") is Verdict.FENCED
    (run,) = (await bench.claim("w2")).runs
    assert await bench.step(stale, "plan") is Verdict.FENCED
    assert await bench.step(run, "plan", worker="w1") is Verdict.FENCED
    await bench.store.close_worker(worker="w2", serves=[])
    assert await bench.step(run, "plan", worker="w2") is Verdict.FENCED
    assert (await bench.get(run.job_id)).steps == []


async def test_a_finished_run_keeps_no_more_steps(bench: Harness) -> None:
    run = await bench.start()
    await bench.settle(run, OutcomeKind.COMPLETED)
    assert await bench.step(run, "plan") is Verdict.FENCED
    await bench.redis.delete(bench.key("job", run.job_id))
    assert await bench.step(run, "plan") is Verdict.GONE
    assert not await bench.exists(run.job_id, "steps")


async def test_a_run_that_is_to_be_cancelled_still_keeps_its_steps(bench: Harness) -> None:
    run = await bench.start()
    await bench.store.cancel(run.job_id, caller="ann")
    assert await bench.step(run, "plan") is Verdict.CANCELLED
    assert (await bench.get(run.job_id)).steps == ["plan"]


async def test_a_step_is_no_update(bench: Harness) -> None:
    run = await bench.start()
    before = (await bench.get(run.job_id)).seq
    await bench.step(run, "plan")
    assert (await bench.get(run.job_id)).seq == before


class TestRetryFromAStep:
    async def failed(self, bench: Harness) -> Run:
        """A failed job with three finished steps."""
        run = await bench.start()
        for name in ("plan", "code", "push"):
            await bench.step(run, name, f'"{name}"')
        await bench.settle(run, OutcomeKind.FAILED, reason="boom")
        return run

    @pytest.mark.parametrize(("step", "kept"), [("plan", []), ("code", ["plan"]), ("push", ["plan", "code"])])
    async def test_it_and_those_after_it_run_again(self, bench: Harness, step: str, kept: list[str]) -> None:
        run = await self.failed(bench)
        await bench.store.retry(run.job_id, caller="ann", request_id="r", step=step)
        assert (await bench.get(run.job_id)).steps == kept
        (later,) = (await bench.claim()).runs
        assert list(later.steps) == kept
        assert await bench.exists(run.job_id, "steps") is bool(kept)

    async def test_what_runs_again_is_kept_anew(self, bench: Harness) -> None:
        run = await self.failed(bench)
        await bench.store.retry(run.job_id, caller="ann", request_id="r", step="code")
        (later,) = (await bench.claim()).runs
        await bench.step(later, "code", '"better"')
        await hand_back(bench, later)
        (last,) = (await bench.claim()).runs
        assert last.steps == {"plan": '"plan"', "code": '"better"'}

    async def test_the_same_request_again_forgets_nothing_more(self, bench: Harness) -> None:
        run = await self.failed(bench)
        await bench.store.retry(run.job_id, caller="ann", request_id="r", step="code")
        (later,) = (await bench.claim()).runs
        await bench.step(later, "code")
        await bench.store.retry(run.job_id, caller="ann", request_id="r", step="code")
        assert (await bench.get(run.job_id)).steps == ["plan", "code"]

    async def test_a_step_that_it_has_not_finished_is_refused_by_the_names_that_it_has(self, bench: Harness) -> None:
        run = await self.failed(bench)
        before = await bench.get(run.job_id)
        with pytest.raises(UnknownStep) as refused:
            await bench.store.retry(run.job_id, caller="ann", request_id="r", step="deploy")
        assert refused.value.steps == ("plan", "code", "push")
        assert await bench.get(run.job_id) == before

    async def test_a_job_with_no_step_has_none_to_name(self, bench: Harness) -> None:
        job_id = await bench.submit()
        await bench.store.cancel(job_id, caller="ann")
        with pytest.raises(UnknownStep) as refused:
            await bench.store.retry(job_id, caller="ann", request_id="r", step="plan")
        assert refused.value.steps == ()
        assert (await bench.get(job_id)).status is Status.CANCELLED


class TestOutputBesideSteps:
    async def test_what_came_after_the_last_finished_step_is_written_again(self, bench: Harness) -> None:
        run = await bench.start()
        await bench.report(run, 1, output="plan. ")
        await bench.step(run, "plan")
        await bench.report(run, 2, output="half of the code")
        await hand_back(bench, run)
        assert (await bench.store.output(run.job_id, caller="ann")).text == "plan. half of the code"
        (later,) = (await bench.claim()).runs
        assert later.output_bytes == len("plan. ")
        assert (await bench.store.output(run.job_id, caller="ann")).text == "plan. "
        await bench.report(later, 1, output="the code")
        assert (await bench.store.output(run.job_id, caller="ann")).text == "plan. the code"

    async def test_with_no_finished_step_all_of_it(self, bench: Harness) -> None:
        run = await bench.start()
        await bench.report(run, 1, output="half")
        await hand_back(bench, run)
        (later,) = (await bench.claim()).runs
        assert later.output_bytes == 0
        assert not await bench.exists(run.job_id, "output")

    async def test_a_retry_from_a_step_goes_back_to_where_the_one_before_it_ended(self, bench: Harness) -> None:
        run = await bench.start()
        for number, name in enumerate(("plan", "code", "push"), start=1):
            await bench.report(run, number, output=f"{name}. ")
            await bench.step(run, name)
        await bench.settle(run, OutcomeKind.FAILED, reason="boom")
        await bench.store.retry(run.job_id, caller="ann", request_id="r1", step="push")
        (later,) = (await bench.claim()).runs
        assert (await bench.store.output(run.job_id, caller="ann")).text == "plan. code. "
        await bench.settle(later, OutcomeKind.FAILED, reason="boom")
        await bench.store.retry(run.job_id, caller="ann", request_id="r2", step="plan")
        await bench.claim()
        assert (await bench.store.output(run.job_id, caller="ann")).text == ""


async def test_an_asserted_lease_is_whole_again_for_whoever_holds_it(bench: Harness) -> None:
    run = await bench.start()
    await bench.let_pass(9)
    assert await bench.store.assert_held(worker="w1", job_id=run.job_id, token=run.token) is Verdict.HELD
    await bench.let_pass(9)
    assert (await bench.get(run.job_id)).crashes == 0
    assert await bench.store.assert_held(worker="w2", job_id=run.job_id, token=run.token) is Verdict.FENCED
    await bench.store.cancel(run.job_id, caller="ann")
    assert await bench.store.assert_held(worker="w1", job_id=run.job_id, token=run.token) is Verdict.CANCELLED
    await bench.let_pass(11)
    assert await bench.store.assert_held(worker="w1", job_id=run.job_id, token=run.token) is Verdict.FENCED
    assert await bench.store.assert_held(worker="w1", job_id="job_unknown", token=1) is Verdict.GONE
