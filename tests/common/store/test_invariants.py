"""I1-I5: random histories over the real scripts under a simulated clock, against a small model beside them."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from itertools import pairwise
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from codeforge_common.errors import JobNotFound, NotInThatState
from codeforge_common.job import TRANSITIONS, JobRecord, Status
from codeforge_common.store import Limits, Outcome, OutcomeKind, Report, Run, Submission, Verdict
from codeforge_common.store.keys import prefix
from tests.common.store.checks import as_update, check_indexes, check_owners
from tests.common.store.harness import Harness, harness
from tests.common.store.model import KEEP, Model, ModelJob

T = TypeVar("T")

CAP = 2
MAX_CRASHES = 2
MOST_JOBS = 3
LIMITS = Limits(
    rate_per_minute=0,
    user_max_running=CAP,
    max_crashes=MAX_CRASHES,
    retention_completed_ms=KEEP,
    retention_failed_ms=KEEP,
)
WORKERS = st.sampled_from(["w1", "w2"])
# A damaged store only has to be found out; shrinking its histories takes minutes.
PHASES = (Phase.generate,) if "STORE_LUA" in os.environ else tuple(Phase)
KINDS = st.sampled_from(list(OutcomeKind))


class Histories(RuleBasedStateMachine):
    """One history. ``runs`` are all that were ever claimed, so that stale holders speak up as well."""

    url = ""
    loop: asyncio.AbstractEventLoop

    runs = Bundle("runs")
    submissions = Bundle("submissions")

    def do(self, call: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(call)

    @initialize()
    def open(self) -> None:
        self.stack = AsyncExitStack()
        self.bench: Harness = self.do(
            self.stack.enter_async_context(harness(self.url, f"t-{secrets.token_hex(6)}", limits=LIMITS))
        )
        self.model = Model(now=self.bench.clock.now, cap=CAP, max_crashes=MAX_CRASHES)
        self.workers: dict[str, str] = {"w1": "w1-0", "w2": "w2-0"}
        self.requests = 0

    def teardown(self) -> None:
        if hasattr(self, "bench"):
            self.do(self._wipe())
            self.do(self.stack.aclose())

    async def _wipe(self) -> None:
        keys = [key async for key in self.bench.redis.scan_iter(prefix(self.bench.namespace) + ":*", count=500)]
        await self.bench.redis.delete(*keys)

    @property
    def now(self) -> int:
        return self.bench.clock.now

    # ── people ───────────────────────────────────────────────────────────────────────────────────────────────────────

    @precondition(lambda self: len(self.model.jobs) < MOST_JOBS)
    @rule(
        target=submissions,
        user=st.sampled_from(["ann", "bob"]),
        delay=st.sampled_from([0, 0, 5_000]),
        attempts=st.integers(1, 2),
    )
    def submit(self, user: str, delay: int, attempts: int) -> Submission:
        submission = self.bench.submission(user=user, delay_ms=delay, attempts_max=attempts, sealed=b"\xff\x00")
        accepted = self.do(self.bench.store.create(submission))
        assert not accepted.repeated
        self.model.submit(submission.job_id, user=user, delay=delay, attempts_max=attempts, now=self.now)
        return submission

    @rule(submission=submissions)
    def submit_again(self, submission: Submission) -> None:
        """The answer of a submit was lost and it is sent again: nothing changes."""
        if submission.job_id in self.model.jobs:
            assert self.do(self.bench.store.create(submission)).job_id == submission.job_id

    @rule(submission=submissions)
    def cancel(self, submission: Submission) -> None:
        job = self.model.jobs.get(submission.job_id)
        try:
            changed = self.do(self.bench.store.cancel(submission.job_id, caller=submission.user_id))
        except JobNotFound:
            assert job is None
        except NotInThatState:
            assert job is not None
            assert not self.model.cancel(job, now=self.now)
        else:
            assert job is not None
            assert self.model.cancel(job, now=self.now)
            assert changed.status is job.status
            assert changed.cancel_requested is job.cancelled

    @rule(submission=submissions, again=st.booleans())
    def retry(self, submission: Submission, again: bool) -> None:
        job = self.model.jobs.get(submission.job_id)
        if not again:
            self.requests += 1
        repeated = job is not None and self.requests in job.retries
        try:
            self.do(
                self.bench.store.retry(submission.job_id, caller=None, request_id=f"r{self.requests}", sealed=b"\xfe")
            )
        except JobNotFound:
            assert job is None
        except NotInThatState:
            assert job is not None
            assert not self.model.retry(job, request=self.requests)
        else:
            assert job is not None
            assert repeated or self.model.retry(job, request=self.requests)

    # ── workers ──────────────────────────────────────────────────────────────────────────────────────────────────────

    @rule(target=runs, name=WORKERS, slots=st.integers(0, 3))
    def claim(self, name: str, slots: int) -> Any:
        worker = self.workers[name]
        expected = min(slots, self.model.claimable())
        turn = self.do(self.bench.claim(worker, slots=slots))
        assert len(turn.runs) == expected
        for run in turn.runs:
            self._claimed(run, worker)
        return multiple(*((worker, run) for run in turn.runs))

    def _claimed(self, run: Run, worker: str) -> None:
        self.model.claimed(run.job_id, worker=worker, token=run.token, number=self.bench.numbers[worker], now=self.now)
        job = self.model.jobs[run.job_id]
        assert (run.attempt, run.crashes) == (job.attempts, job.crashes)
        assert run.attempt <= run.attempts_max

    @precondition(lambda self: any(worker in self.bench.numbers for worker in self.workers.values()))
    @rule(name=WORKERS, slots=st.integers(0, 3))
    def claim_again(self, name: str, slots: int) -> None:
        """The answer of a claim was lost: the same number brings the leases that it took and still stand."""
        worker = self.workers[name]
        if worker not in self.bench.numbers:
            return
        number = self.bench.numbers[worker]
        turn = self.do(self.bench.claim_again(worker, slots=slots))
        assert {(run.job_id, run.token) for run in turn.runs} == {
            (job.id, job.token) for job in self.model.jobs.values() if job.worker == worker and job.number == number
        }

    @rule(name=WORKERS)
    def claim_late(self, name: str) -> None:
        """A claim that was long under way arrives after a later one: it takes nothing."""
        worker = self.workers[name]
        number = self.bench.numbers.get(worker, 0)
        if number > 1:
            assert not self.do(self.bench.claim_again(worker, slots=3, number=number - 1)).runs

    @rule(held=runs, progress=st.integers(0, 100), repeat=st.booleans())
    def report(self, held: tuple[str, Run], progress: int, repeat: bool) -> None:
        worker, run = held
        job = self.model.jobs.get(run.job_id)
        number = (job.reported if job else 0) + (0 if repeat else 1)
        report = Report(job_id=run.job_id, token=run.token, number=number, progress=progress, lines=["a line"])
        (verdict,) = self.do(self.bench.store.report(worker=worker, reports=[report]))
        assert verdict is self.model.verdict(run.job_id, worker=worker, token=run.token)
        if job is not None and verdict in (Verdict.HELD, Verdict.CANCELLED) and number > job.reported:
            job.reported = number
            job.progress = max(job.progress, progress)
            job.change()

    @rule(held=runs, kind=KINDS, delay=st.sampled_from([0, 5_000]))
    def settle(self, held: tuple[str, Run], kind: OutcomeKind, delay: int) -> None:
        worker, run = held
        expected = self.model.settle(run.job_id, worker=worker, token=run.token, kind=kind, delay=delay, now=self.now)
        settled = self.do(self.bench.settle(run, kind, worker=worker, delay_ms=delay, reason="boom", result='{"a":1}'))
        assert settled.verdict is expected
        job = self.model.jobs.get(run.job_id)
        assert settled.status is (job.status if job else None)

    @rule(target=runs, held=runs, kind=KINDS)
    def settle_and_claim(self, held: tuple[str, Run], kind: OutcomeKind) -> Any:
        worker, run = held
        if worker not in self.workers.values():
            return multiple()
        expected = self.model.settle(run.job_id, worker=worker, token=run.token, kind=kind, delay=0, now=self.now)
        outcome = Outcome(job_id=run.job_id, token=run.token, kind=kind)
        claimable = min(1, self.model.claimable())
        turn = self.do(self.bench.claim(worker, outcomes=[outcome]))
        assert turn.settled[0].verdict is expected
        assert len(turn.runs) == claimable
        for claimed in turn.runs:
            self._claimed(claimed, worker)
        return multiple(*((worker, claimed) for claimed in turn.runs))

    @rule(held=runs)
    def renew(self, held: tuple[str, Run]) -> None:
        worker, run = held
        (verdict,) = self.do(self.bench.renew(worker, runs=[run])).verdicts
        assert verdict is self.model.verdict(run.job_id, worker=worker, token=run.token)
        if verdict in (Verdict.HELD, Verdict.CANCELLED):
            self.model.jobs[run.job_id].lease_ends = self.now + run.lease_ms

    @rule(name=WORKERS)
    def close(self, name: str) -> None:
        """The worker's last call; a process started anew has another id, and the old one's claims take nothing."""
        worker = self.workers[name]
        handed_back, _ = self.do(self.bench.store.close_worker(worker=worker, serves=[]))
        theirs = [job for job in self.model.jobs.values() if job.worker == worker]
        assert sorted(handed_back) == sorted(job.id for job in theirs)
        for job in theirs:
            job.release()
            if job.cancelled:
                job.rest(Status.CANCELLED, now=self.now)
            else:
                self.model.wait_again(job)
        assert not self.do(self.bench.claim(worker, slots=3)).runs
        generation = int(worker.partition("-")[2]) + 1
        self.workers[name] = f"{name}-{generation}"

    @rule(held=consumes(runs))
    def forget(self, held: tuple[str, Run]) -> None:
        """A run whose worker is never heard of again."""

    # ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    @rule(milliseconds=st.sampled_from([1, 400, 1_000, 2_900]))
    def tick(self, milliseconds: int) -> None:
        """A second or so passes, and the reaper comes by."""
        self.bench.clock.tick(milliseconds)
        self._reap()

    @rule(seconds=st.integers(4, 12))
    def time_flies(self, seconds: int) -> None:
        """Seconds pass in which workers say nothing and the reaper does its rounds."""
        for _ in range(seconds):
            self.bench.clock.tick(1_000)
            self._reap()

    @rule(milliseconds=st.sampled_from([60_000, 3_600_000, -3_600_000]))
    def gap(self, milliseconds: int) -> None:
        """Nobody reaps for a minute, or the clock steps."""
        self.bench.clock.tick(milliseconds)
        self._reap()

    def _reap(self) -> None:
        self.do(self.bench.reap_until_done())
        self.model.reap(now=self.now)

    # ── what always holds ────────────────────────────────────────────────────────────────────────────────────────────

    @invariant()
    def records_and_events_agree(self) -> None:
        if not hasattr(self, "bench"):
            return
        updates = self.do(self.bench.updates())
        for job in self.model.jobs.values():
            record = self.do(self.bench.store.get(job.id, caller=job.user))
            self._as_modelled(record, job)
            own = [update for update in updates if update["jobId"] == job.id]
            assert [update["seq"] for update in own] == list(range(1, job.changes + 1)), "I4: a gap"
            states = [Status(update["status"]) for update in own]
            for before, after in pairwise(states):
                assert before is after or after in TRANSITIONS[before], f"{before} → {after}"
            assert own[-1] == as_update(record), "I4: last event ≠ record"

    @staticmethod
    def _as_modelled(record: JobRecord, job: ModelJob) -> None:
        assert record.status is job.status
        assert record.attempts_made == job.attempts <= job.attempts_max
        assert record.crashes == job.crashes <= MAX_CRASHES
        assert record.cancel_requested is job.cancelled
        assert record.progress == job.progress
        assert record.seq == job.changes

    @invariant()
    def keys_agree(self) -> None:
        if hasattr(self, "bench"):
            jobs = list(self.model.jobs.values())
            self.do(check_indexes(self.bench, jobs))
            self.do(check_owners(self.bench, jobs))


@pytest.mark.timeout(900)
def test_invariants_hold_in_random_histories(redis_url: str) -> None:
    """``STORE_HISTORIES`` histories (300), of up to 30 steps each."""
    loop = asyncio.new_event_loop()
    machine = type("Histories", (Histories,), {"url": redis_url, "loop": loop})
    try:
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=int(os.environ.get("STORE_HISTORIES", "300")),
                stateful_step_count=30,
                deadline=None,
                phases=PHASES,
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
                print_blob=True,
            ),
        )
    finally:
        loop.close()
