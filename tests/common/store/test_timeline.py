"""The timeline: where a job has been, and why."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from codeforge_common.errors import JobNotFound
from codeforge_common.store import Limits, Moment, OutcomeKind, TimelineEntry
from tests.common.store.harness import START, Harness, harness


async def timeline(bench: Harness, job_id: str) -> list[TimelineEntry]:
    """All of it; nothing was dropped."""
    found = await bench.store.timeline(job_id, caller="ann")
    assert found.dropped == 0
    return list(found.entries)


async def events(bench: Harness, job_id: str) -> list[Moment]:
    return [entry.event for entry in await timeline(bench, job_id)]


async def test_of_a_job_that_just_ran_all_is_known_and_nothing_stored(bench: Harness) -> None:
    job_id = await bench.submit()
    submitted = TimelineEntry(at=START, event=Moment.SUBMITTED)
    assert await timeline(bench, job_id) == [submitted]
    bench.clock.tick(100)
    (run,) = (await bench.claim()).runs
    claimed = TimelineEntry(at=START + 100, event=Moment.CLAIMED, worker="w1", token=run.token, attempt=1)
    assert await timeline(bench, job_id) == [submitted, claimed]
    bench.clock.tick(100)
    await bench.settle(run, OutcomeKind.COMPLETED)
    completed = TimelineEntry(at=START + 200, event=Moment.COMPLETED)
    assert await timeline(bench, job_id) == [submitted, claimed, completed]
    assert not await bench.exists(job_id, "timeline")


async def test_a_delayed_job_tells_when_it_is_due_and_when_it_was(bench: Harness) -> None:
    job_id = await bench.submit(delay_ms=5_000)
    assert await timeline(bench, job_id) == [TimelineEntry(at=START, event=Moment.SUBMITTED, due=START + 5_000)]
    await bench.let_pass(6)
    assert await timeline(bench, job_id) == [
        TimelineEntry(at=START, event=Moment.SUBMITTED),
        TimelineEntry(at=START + 5_000, event=Moment.DUE),
    ]


async def test_a_hand_back_and_a_stop_say_why(bench: Harness) -> None:
    run = await bench.start()
    await bench.settle(run, OutcomeKind.HANDED_BACK, reason="The loop stalled.")
    await bench.claim("w2")
    await bench.store.close_worker(worker="w2", serves=[])
    found = await timeline(bench, run.job_id)
    assert [entry.event for entry in found] == ["submitted", "claimed", "handed_back", "claimed", "handed_back"]
    assert [entry.reason for entry in found if entry.event is Moment.HANDED_BACK] == [
        "The loop stalled.",
        "The worker has stopped.",
    ]
    assert [(entry.worker, entry.attempt) for entry in found if entry.event is Moment.CLAIMED] == [("w1", 1), ("w2", 1)]


async def test_a_retry_says_why_and_when_the_next_attempt_follows(bench: Harness) -> None:
    run = await bench.start()
    await bench.settle(run, OutcomeKind.RETRY, reason="502 from upstream", delay_ms=2_000)
    await bench.let_pass(2)
    (later,) = (await bench.claim()).runs
    await bench.settle(later, OutcomeKind.RETRY, reason="again")
    found = await timeline(bench, run.job_id)
    assert [entry.event for entry in found] == [
        "submitted",
        "claimed",
        "retry_scheduled",
        "due",
        "claimed",
        "retry_scheduled",
    ]
    assert (found[2].reason, found[2].due) == ("502 from upstream", START + 2_000)
    assert (found[5].reason, found[5].due) == ("again", START + 2_000)
    assert found[4].attempt == 2


async def test_a_failure_says_why_and_a_retry_by_hand_who_asked(bench: Harness) -> None:
    run = await bench.start()
    await bench.step(run, "plan")
    await bench.settle(run, OutcomeKind.FAILED, reason='no such "branch"')
    await bench.store.retry(run.job_id, caller="ann", request_id="r", step="plan")
    found = await timeline(bench, run.job_id)
    assert [entry.event for entry in found] == ["submitted", "claimed", "failed", "retry_requested"]
    assert found[2].reason == 'no such "branch"'
    assert (found[3].by, found[3].reason) == ("ann", "From step plan on.")
    (later,) = (await bench.claim()).runs
    await bench.settle(later, OutcomeKind.COMPLETED)
    assert (await events(bench, run.job_id))[4:] == ["claimed", "completed"]


async def test_a_cancel_says_who_asked_and_why(bench: Harness) -> None:
    waiting = await bench.submit()
    await bench.store.cancel(waiting, caller="ann", reason="wrong branch")
    found = await timeline(bench, waiting)
    assert [entry.event for entry in found] == ["submitted", "cancel_requested", "cancelled"]
    assert (found[1].by, found[1].reason) == ("ann", "wrong branch")
    run = await bench.start()
    for _ in range(2):
        await bench.store.cancel(run.job_id, caller=None)
    bench.clock.tick(700)
    await bench.settle(run, OutcomeKind.COMPLETED)
    found = await timeline(bench, run.job_id)
    assert [entry.event for entry in found] == ["submitted", "claimed", "cancel_requested", "cancelled"]
    assert (found[2].by, found[2].reason, found[3].at - found[2].at) == (None, None, 700)


async def test_crashes_say_so_and_the_last_one_fails_the_job(bench: Harness) -> None:
    job_id = await bench.submit()
    for worker in ("w1", "w2", "w3"):
        await bench.claim(worker)
        await bench.let_pass(11)
    found = await timeline(bench, job_id)
    assert [entry.event for entry in found] == ["submitted", *["claimed", "crashed"] * 3, "failed"]
    assert {entry.reason for entry in found if entry.event is Moment.CRASHED} == {
        "The lease ran out: the worker was not heard of in time."
    }
    assert found[-1].reason == "poison: the worker was lost 3 times while it ran this job"
    assert [entry.worker for entry in found if entry.event is Moment.CLAIMED] == ["w1", "w2", "w3"]
    tokens = [entry.token for entry in found if entry.token is not None]
    assert tokens == sorted(set(tokens))


async def test_moments_of_the_same_instant_keep_their_order(bench: Harness) -> None:
    run = await bench.start()
    await bench.settle(run, OutcomeKind.HANDED_BACK)
    await bench.store.cancel(run.job_id, caller="ann")
    await bench.store.retry(run.job_id, caller="ann", request_id="r")
    found = await timeline(bench, run.job_id)
    assert {entry.at for entry in found} == {START}
    assert [entry.event for entry in found] == [
        "submitted",
        "claimed",
        "handed_back",
        "cancel_requested",
        "cancelled",
        "retry_requested",
    ]


async def test_reports_steps_and_renewals_are_no_moments(bench: Harness) -> None:
    run = await bench.start()
    await bench.report(run, progress=10, lines=["a line"], output="text")
    await bench.step(run, "plan")
    await bench.renew(runs=[run])
    assert await events(bench, run.job_id) == ["submitted", "claimed"]


async def test_another_users_timeline_is_not_found(bench: Harness) -> None:
    job_id = await bench.submit()
    with pytest.raises(JobNotFound):
        await bench.store.timeline(job_id, caller="bob")


class TestCap:
    @pytest.fixture
    async def bench(self, redis_url: str, namespace: str) -> AsyncIterator[Harness]:
        async with harness(redis_url, namespace, limits=Limits(rate_per_minute=0, timeline_max=4)) as made:
            yield made

    async def hand_back(self, bench: Harness, times: int) -> str:
        run = await bench.start()
        await bench.settle(run, OutcomeKind.HANDED_BACK, reason="0")
        for number in range(1, times):
            (run,) = (await bench.claim()).runs
            await bench.settle(run, OutcomeKind.HANDED_BACK, reason=str(number))
        return run.job_id

    async def test_up_to_it_nothing_is_dropped(self, bench: Harness) -> None:
        job_id = await self.hand_back(bench, times=2)
        assert await events(bench, job_id) == ["submitted", *["claimed", "handed_back"] * 2]

    @pytest.mark.parametrize("times", [3, 50])
    async def test_over_it_the_oldest_go_and_are_counted(self, bench: Harness, times: int) -> None:
        job_id = await self.hand_back(bench, times=times)
        found = await bench.store.timeline(job_id, caller="ann")
        assert [(entry.event, entry.reason) for entry in found.entries] == [
            ("claimed", None),
            ("handed_back", str(times - 2)),
            ("claimed", None),
            ("handed_back", str(times - 1)),
        ]
        assert found.dropped + len(found.entries) == 1 + 2 * times

    async def test_a_run_under_way_is_told_beyond_it(self, bench: Harness) -> None:
        job_id = await self.hand_back(bench, times=3)
        await bench.claim()
        found = await bench.store.timeline(job_id, caller="ann")
        assert [entry.event for entry in found.entries] == [*["claimed", "handed_back"] * 2, "claimed"]
        assert found.dropped == 3
