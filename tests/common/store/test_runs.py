"""Claims, reports, renewals and outcomes: the life of a run."""

from __future__ import annotations

from codeforge_common.events import iso
from codeforge_common.job import JobType, Status
from codeforge_common.store import Limits, Outcome, OutcomeKind, Report, Run, Verdict, types_digest
from tests.common.store.harness import AGENT, LEASE, START, Harness, harness

CRASH = "Worker lost, waiting for another"


def report(run: Run, number: int = 1, **given: object) -> Report:
    return Report(job_id=run.job_id, token=run.token, number=number, **given)  # type: ignore[arg-type]


async def test_a_run_carries_what_the_handler_needs(bench: Harness) -> None:
    bench_token = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    run = await bench.start(sealed=bytes(range(256)), traceparent=bench_token, context={"n": 1})
    assert run.sealed == bytes(range(256))
    assert run.traceparent == bench_token
    assert run.data["context"] == {"n": 1}
    assert (run.attempt, run.crashes, run.lease_ms, run.user_id, run.session_id) == (1, 0, LEASE, "ann", "s-1")


async def test_record_and_updates_tell_when_each_thing_happened(bench: Harness) -> None:
    run = await bench.start()
    bench.clock.tick(100)
    await bench.report(run, progress=10)
    bench.clock.tick(200)
    await bench.settle(run, OutcomeKind.COMPLETED)
    job = await bench.get(run.job_id)
    times = (job.created_at, job.started_at, job.updated_at, job.completed_at)
    assert times == (START, START, START + 300, START + 300)
    told = await bench.updates(run.job_id)
    assert [update["timestamp"] for update in told] == [iso(START + after) for after in (0, 0, 100, 300)]
    assert [update["completedAt"] for update in told] == [None, None, None, iso(START + 300)]


async def test_waiting_time_counts_from_when_the_job_became_ready(bench: Harness) -> None:
    await bench.submit(delay_ms=1_000)
    bench.clock.tick(1_000)
    await bench.reap_until_done()
    bench.clock.tick(70)
    (run,) = (await bench.claim()).runs
    assert run.waited_ms == 70


async def test_a_report_is_shown_and_a_repeat_appends_nothing(bench: Harness) -> None:
    run = await bench.start()
    one = report(run, progress=40, stage="Cloning", lines=["[07:00:00] a", "[07:00:00] b"])
    for _ in range(2):
        assert await bench.store.report(worker="w1", reports=[one]) == [Verdict.HELD]
    job = await bench.store.get(run.job_id, caller="ann")
    assert (job.progress, job.stage, job.logs, job.seq) == (40, "Cloning", ["[07:00:00] a", "[07:00:00] b"], 3)


async def test_progress_never_falls_within_an_attempt_and_begins_anew_with_the_next(bench: Harness) -> None:
    run = await bench.start()
    await bench.store.report(worker="w1", reports=[report(run, 1, progress=60), report(run, 2, progress=20)])
    assert (await bench.store.get(run.job_id, caller="ann")).progress == 60
    await bench.settle(run, OutcomeKind.RETRY, reason="boom")
    (run,) = (await bench.claim()).runs
    await bench.store.report(worker="w1", reports=[report(run, 1, progress=5)])
    assert (await bench.store.get(run.job_id, caller="ann")).progress == 5


async def test_the_log_keeps_the_newest_lines(redis_url: str, namespace: str) -> None:
    limits = Limits(rate_per_minute=0, log_max_lines=3, log_max_bytes=29)
    async with harness(redis_url, namespace, limits=limits) as bench:
        run = await bench.start()
        await bench.store.report(worker="w1", reports=[report(run, 1, lines=["a", "b", "c", "d"])])
        assert (await bench.store.get(run.job_id, caller="ann")).logs == ["b", "c", "d"]
        await bench.store.report(worker="w1", reports=[report(run, 2, lines=["x" * 25])])
        assert (await bench.store.get(run.job_id, caller="ann")).logs == ["x" * 25]


async def test_an_update_carries_the_newest_ten_lines(bench: Harness) -> None:
    run = await bench.start()
    await bench.store.report(worker="w1", reports=[report(run, 1, lines=[str(n) for n in range(12)])])
    assert (await bench.updates(run.job_id))[-1]["logs"] == [str(n) for n in range(2, 12)]


async def test_a_finish_carries_what_is_still_unsaid(bench: Harness) -> None:
    run = await bench.start()
    said, unsaid = report(run, 1, lines=["one"]), report(run, 2, lines=["two"], progress=70)
    await bench.store.report(worker="w1", reports=[said])
    await bench.settle(run, OutcomeKind.COMPLETED, result='{"ok":true}', reports=[said, unsaid])
    job = await bench.store.get(run.job_id, caller="ann")
    assert (job.logs, job.result, job.progress) == (["one", "two"], {"ok": True}, 100)


async def test_a_finish_sent_twice_is_done_already(bench: Harness) -> None:
    run = await bench.start()
    assert (await bench.settle(run, OutcomeKind.COMPLETED)).verdict is Verdict.HELD
    again = await bench.settle(run, OutcomeKind.COMPLETED)
    assert (again.verdict, again.status) == (Verdict.DONE, Status.COMPLETED)
    assert (await bench.store.get(run.job_id, caller="ann")).seq == 3


async def test_a_stale_holder_is_refused_everything(bench: Harness) -> None:
    stale = await bench.start()
    bench.clock.tick(2_000)
    await bench.reap_until_done()
    for _ in range(9):
        bench.clock.tick(1_000)
        await bench.reap_until_done()
    (fresh,) = (await bench.claim("w2")).runs
    assert fresh.job_id == stale.job_id
    assert fresh.token > stale.token
    assert await bench.store.report(worker="w1", reports=[report(stale, progress=99)]) == [Verdict.FENCED]
    assert (await bench.renew("w1", runs=[stale])).verdicts == [Verdict.FENCED]
    assert (await bench.settle(fresh, OutcomeKind.COMPLETED, worker="w1")).verdict is Verdict.FENCED
    job = await bench.store.get(stale.job_id, caller="ann")
    assert (job.status, job.progress, job.crashes, job.attempts_made) == (Status.ACTIVE, 0, 1, 1)
    assert job.logs[-1].endswith(CRASH)


async def test_a_run_that_came_back_to_its_worker_is_not_touched_by_its_earlier_one(bench: Harness) -> None:
    earlier = await bench.start()
    await bench.let_pass(11)
    (run,) = (await bench.claim("w1")).runs
    assert await bench.report(earlier, 9, progress=99) is Verdict.FENCED
    assert (await bench.renew("w1", runs=[earlier])).verdicts == [Verdict.FENCED]
    assert (await bench.settle(earlier, OutcomeKind.COMPLETED)).status is Status.ACTIVE
    assert (await bench.settle(run, OutcomeKind.COMPLETED)).verdict is Verdict.HELD


async def test_a_renewal_keeps_the_lease_and_the_job(bench: Harness) -> None:
    run = await bench.start()
    for _ in range(30):
        bench.clock.tick(1_000)
        assert (await bench.renew(runs=[run])).verdicts == [Verdict.HELD]
        await bench.reap_until_done()
    assert (await bench.store.get(run.job_id, caller="ann")).crashes == 0


async def test_a_finish_is_taken_after_the_lease_ended_until_the_reaper_came(bench: Harness) -> None:
    run = await bench.start()
    bench.clock.tick(LEASE + 1)
    assert (await bench.settle(run, OutcomeKind.COMPLETED)).verdict is Verdict.HELD


async def test_the_third_crash_fails_the_job_as_poison(bench: Harness) -> None:
    job_id = await bench.submit()
    ended = []
    for crashes in (1, 2, 3):
        await bench.claim(f"w{crashes}")
        for _ in range(11):
            bench.clock.tick(1_000)
            ended.append((await bench.store.reap()).ended)
        assert (await bench.store.get(job_id, caller="ann")).crashes == crashes
    job = await bench.store.get(job_id, caller="ann")
    assert (job.status, job.failed_reason) == (
        Status.FAILED,
        "poison: the worker was lost 3 times while it ran this job",
    )
    assert [one for one in ended if one] == [{AGENT.name: {Status.FAILED: 1}}]
    told = [(update["status"], update["crashes"], update["logs"][-1:]) for update in await bench.updates(job_id)]
    assert [status for status, _, _ in told] == ["waiting", "active"] * 3 + ["failed"]
    assert [crashes for _, crashes, _ in told] == [0, 0, 1, 1, 2, 2, 3]
    assert all(line.endswith(CRASH) for _, _, (line,) in (told[2], told[4]))


async def test_a_retry_beyond_the_last_attempt_fails(bench: Harness) -> None:
    run = await bench.start(attempts_max=2)
    assert (await bench.settle(run, OutcomeKind.RETRY, reason="one")).status is Status.WAITING
    assert (await bench.store.get(run.job_id, caller="ann")).failed_reason == "one"
    (run,) = (await bench.claim()).runs
    assert (await bench.settle(run, OutcomeKind.RETRY, reason="two")).status is Status.FAILED
    job = await bench.store.get(run.job_id, caller="ann")
    assert (job.failed_reason, job.attempts_made) == ("two", 2)


async def test_a_hand_back_is_blameless_and_keeps_its_place(bench: Harness) -> None:
    first = await bench.start()
    second = await bench.submit()
    await bench.settle(first, OutcomeKind.HANDED_BACK)
    job = await bench.store.get(first.job_id, caller="ann")
    assert (job.status, job.attempts_made, job.crashes) == (Status.WAITING, 0, 0)
    assert [run.job_id for run in (await bench.claim(slots=2)).runs] == [first.job_id, second]


async def test_a_long_result_is_abridged_in_updates_and_lists(bench: Harness) -> None:
    run = await bench.start()
    await bench.settle(run, OutcomeKind.COMPLETED, result='{"all":true}', abridged='{"truncated":true}')
    assert (await bench.store.get(run.job_id, caller="ann")).result == {"all": True}
    assert (await bench.updates(run.job_id))[-1]["result"] == {"truncated": True}
    (listed,) = (await bench.store.page("ann")).jobs
    assert listed.result == {"truncated": True}


async def test_the_secret_goes_with_completion_and_a_while_after_any_other_end(bench: Harness) -> None:
    done = await bench.start(sealed=b"s")
    await bench.settle(done, OutcomeKind.COMPLETED)
    assert not await bench.exists(done.job_id, "secret")
    failed = await bench.start(sealed=b"s")
    await bench.settle(failed, OutcomeKind.FAILED, reason="no")
    assert 0 < await bench.redis.pttl(bench.key("job", failed.job_id, "secret")) <= 3_600_000


async def test_the_token_grows_with_every_change_of_holder_and_is_never_below_the_clock(bench: Harness) -> None:
    """Also where nobody holds the job: a store that went back in time must not give a token out twice."""
    job_id = await bench.submit()
    tokens = [0]

    async def grown() -> None:
        tokens.append(int((await bench.packed(job_id)).token))
        assert tokens[-1] > tokens[-2]
        assert tokens[-1] >= bench.clock.now - 11_000

    (run,) = (await bench.claim()).runs
    await grown()
    await bench.settle(run, OutcomeKind.HANDED_BACK)
    await grown()
    (run,) = (await bench.claim()).runs
    await grown()
    await bench.let_pass(11)
    await grown()
    (run,) = (await bench.claim()).runs
    await grown()
    await bench.settle(run, OutcomeKind.FAILED, reason="boom")
    await bench.store.retry(job_id, caller="ann", request_id="r")
    await grown()


async def test_an_unknown_job_is_gone(bench: Harness) -> None:
    run = await bench.start()
    await bench.redis.delete(bench.key("job", run.job_id))
    assert await bench.store.report(worker="w1", reports=[report(run)]) == [Verdict.GONE]
    assert (await bench.renew(runs=[run])).verdicts == [Verdict.GONE]
    assert (await bench.settle(run, OutcomeKind.COMPLETED)).verdict is Verdict.GONE


async def test_a_worker_whose_types_are_unknown_is_asked_to_announce(bench: Harness) -> None:
    types = [AGENT, JobType(name="new_one")]
    assert (await bench.renew(digest=types_digest(types))).announce
    await bench.store.announce(types)
    assert not (await bench.renew(digest=types_digest(types))).announce
    assert set(await bench.store.types()) == {"agent_task", "other_task", "new_one"}


async def test_a_closed_worker_gives_back_what_it_holds_and_takes_nothing(bench: Harness) -> None:
    run = await bench.start()
    handed_back, _ = await bench.store.close_worker(worker="w1", serves=[])
    assert handed_back == [run.job_id]
    assert not (await bench.claim("w1")).runs
    assert (await bench.settle(run, OutcomeKind.COMPLETED)).verdict is Verdict.DONE
    assert (await bench.store.get(run.job_id, caller="ann")).status is Status.WAITING


async def test_a_closing_worker_leaves_others_their_jobs(bench: Harness) -> None:
    """Also the one that it had before them, and those of a worker whose name begins like its own."""
    run = await bench.start("w1")
    await bench.settle(run, OutcomeKind.HANDED_BACK)
    (theirs,) = (await bench.claim("w12")).runs
    assert (await bench.store.close_worker(worker="w1", serves=[]))[0] == []
    assert (await bench.renew("w12", runs=[theirs])).verdicts == [Verdict.HELD]


async def test_outcomes_settle_in_the_claim_that_fills_their_slots(bench: Harness) -> None:
    run = await bench.start()
    waiting = await bench.submit()
    outcome = Outcome(job_id=run.job_id, token=run.token, kind=OutcomeKind.COMPLETED, result="1")
    turn = await bench.claim(outcomes=[outcome])
    assert turn.settled[0].status is Status.COMPLETED
    assert [run.job_id for run in turn.runs] == [waiting]
