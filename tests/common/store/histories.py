"""I1-I5 in random histories over the real scripts, under a simulated clock, against a small model beside them.

Each step is one call of the store, said to the model as well, and the two answers compared. A worker may stop between
any two calls and be heard of late or never; an answer may be lost, so any earlier call may come again at any time.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, TypeVar, cast

from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from codeforge_common.errors import CodeForgeError
from codeforge_common.job import Status
from codeforge_common.store import Held, Idempotency, Limits, Outcome, OutcomeKind, Report, Run, Served, Submission
from tests.common.store.actions import ACTIONS, BOTH, MOST_PICKED, SUBMITS
from tests.common.store.harness import Harness, harness
from tests.common.store.model import HOLDS, Model, Refused
from tests.common.store.model_job import KEEP, OUTPUT, ModelJob
from tests.common.store.snapshot import wipe
from tests.common.store.witness import Witness

T = TypeVar("T")
E = TypeVar("E")

MOST_JOBS = 3
LIMITS = Limits(
    rate_per_minute=0,
    user_max_running=2,
    user_max_waiting=2,
    max_crashes=2,
    retention_completed_ms=KEEP,
    retention_failed_ms=KEEP,
    output_max_bytes=OUTPUT,
    timeline_max=5,
)


class Histories(RuleBasedStateMachine):
    """One history. ``runs`` are those that were claimed, so that stale holders speak up as well."""

    url = ""
    loop: asyncio.AbstractEventLoop

    @initialize(given=SUBMITS)
    def open(self, given: dict[str, Any]) -> None:
        self.stack = AsyncExitStack()
        self.bench: Harness = self.do(
            self.stack.enter_async_context(harness(self.url, f"t-{secrets.token_hex(6)}", limits=LIMITS))
        )
        self.store, self.clock = self.bench.store, self.bench.clock
        self.model = Model(
            now=self.clock,
            cap=LIMITS.user_max_running,
            waiting_cap=LIMITS.user_max_waiting,
            max_crashes=LIMITS.max_crashes,
            reaped_at=self.clock.now,
            types=[served.type for served in BOTH],
        )
        self.witness = Witness(self.bench, self.model, timeline_max=LIMITS.timeline_max)
        self.workers = {"w1": "w1-0", "w2": "w2-0"}
        self.runs: list[tuple[str, Run]] = []
        self.reported: Counter[int] = Counter()
        self.sent: list[Callable[[], None]] = []
        self.submitted: list[Submission] = []
        self.requests = 0
        self.submit(**given)

    def teardown(self) -> None:
        if hasattr(self, "bench"):
            self.do(wipe(self.bench.redis, self.bench.namespace))
            self.do(self.stack.aclose())

    # One rule for all: hypothesis would leave out whole rules in most histories, and without claims little happens.
    @rule(action=ACTIONS)
    def step(self, action: tuple[str, dict[str, Any]]) -> None:
        """Does what ``action`` names: a method and its arguments."""
        name, given = action
        getattr(self, name)(**given)

    @invariant()
    def store_and_model_agree(self) -> None:
        if hasattr(self, "bench"):
            self.do(self.witness.look())

    # ── calls ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def do(self, call: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(call)

    def send(self, call: Callable[..., None], **given: Any) -> None:
        """Makes a call that may come again later."""
        self.sent.append(partial(call, **given))
        call(**given)

    def again(self, pick: int) -> None:
        """The answer of an earlier call was lost, or another copy of it was long under way: it comes once more."""
        _picked(self.sent, pick)()

    def agree(self, call: Coroutine[Any, Any, T], said: Callable[[], E]) -> tuple[T, E] | None:
        """Both answers; None where both refuse."""
        expected, refusal = _said(said)
        answer = self.do(_answered(call))
        if isinstance(answer, CodeForgeError):
            assert type(answer) is refusal
            return None
        assert refusal is None, f"{refusal} should have been raised"
        return answer, cast(E, expected)

    # ── people ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def submit(
        self,
        *,
        run_at: int | None,
        delay: int,
        attempts: int,
        key: str | None,
        digest: str,
        twin: int | None,
        **given: Any,
    ) -> None:
        """Alone, or in one group with an earlier submit that comes again, or with itself."""
        if len(self.model.jobs) == MOST_JOBS:
            return
        submission = self.bench.submission(
            job_id=f"job{len(self.submitted)}",
            delay_ms=delay,
            run_at=None if run_at is None else self.clock.now + run_at,
            attempts_max=attempts,
            sealed=b"\xff\x00",
            idempotency=key and Idempotency(key=key, route="r", digest=digest),
            **given,
        )
        self.submitted.append(submission)
        group = [submission] if twin is None else [submission, _picked(self.submitted, twin)]
        self.send(self._submit, submissions=group)

    def _submit(self, submissions: Sequence[Submission]) -> None:
        rings: Counter[str] = Counter()
        answers = self.do(_together([self.store.create(submission) for submission in submissions]))
        for submission, answer in zip(submissions, answers, strict=True):
            expected, refusal = _said(partial(self.model.submit, submission))
            if isinstance(answer, CodeForgeError):
                assert type(answer) is refusal
            else:
                assert (answer.job_id, answer.repeated) == expected
                rings[submission.type] += answer.ring
        self.model.call_ended(rings)

    def cancel(self, pick: int, **given: Any) -> None:
        self.send(self._cancel, job_id=_picked(self.submitted, pick).job_id, **given)

    def _cancel(self, job_id: str, caller: str | None, reason: str | None) -> None:
        answers = self.agree(
            self.store.cancel(job_id, caller=caller, reason=reason), partial(self.model.cancel, job_id, caller=caller)
        )
        if answers:
            changed, job = answers
            assert (changed.status, changed.cancel_requested) == (job.status, job.cancelled)
        self.model.call_ended({})

    def retry(self, pick: int, **given: Any) -> None:
        """Of a job that can be retried, mostly."""
        self.requests += 1
        ids = [submission.job_id for submission in self.submitted]
        jobs = self.model.jobs
        at_rest = [
            job_id for job_id in ids if job_id in jobs and jobs[job_id].status in (Status.FAILED, Status.CANCELLED)
        ]
        job_id = _picked(at_rest if at_rest and pick % 4 else ids, pick)
        self.send(self._retry, job_id=job_id, request=f"r{self.requests}", **given)

    def _retry(self, job_id: str, caller: str | None, request: str, sealed: bytes | None, step: str | None) -> None:
        answers = self.agree(
            self.store.retry(job_id, caller=caller, request_id=request, sealed=sealed, step=step),
            partial(self.model.retry, job_id, caller=caller, request=request, step=step),
        )
        if answers:
            assert answers[0].status is answers[1].status
        self.model.call_ended(answers[0].rings if answers else {})

    def look(self, user: str, offset: int) -> None:
        """What people read: lists, numbers, output. And the sweep, which finds nothing."""
        theirs = sorted((job for job in self.model.jobs.values() if job.user == user), key=_age, reverse=True)
        assert [job.id for job in self.do(self.store.page(user)).jobs] == [job.id for job in theirs]
        unfinished = [job.id for job in theirs if not job.status.terminal]
        assert [job.id for job in self.do(self.store.unfinished(user, newest=0)).jobs] == unfinished
        for state in self.do(self.store.cluster()).types:
            waiting = self.model.waiting(state.type)
            assert state.counts[Status.WAITING] == len(waiting)
            oldest = min((job.since for job in waiting), default=self.clock.now)
            assert state.oldest_waiting_ms == max(self.clock.now - oldest, 0)
        for job in theirs:
            part = self.do(self.store.output(job.id, caller=user, offset=offset))
            assert part.text == job.output[part.offset :].decode()
            assert job.output[min(offset, len(job.output)) : part.offset].decode(errors="ignore") == ""
            assert part.complete is job.status.terminal
        swept = self.do(self.store.sweep())
        assert (swept.orphans, swept.mended) == (0, 0), "what happens by itself left something to mend"

    # ── workers ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def claim(self, name: str, **given: Any) -> None:
        self._next_claim(self.workers[name], **given)

    def _next_claim(self, worker: str, **given: Any) -> None:
        number = self.bench.numbers[worker] = self.bench.numbers.get(worker, 0) + 1
        self.send(self._claim, worker=worker, number=number, **given)

    def _claim(
        self, worker: str, number: int, slots: int, serves: Sequence[Served], outcomes: Sequence[Outcome] = ()
    ) -> None:
        turn = self.do(self.bench.claim_again(worker, number=number, slots=slots, serves=serves, outcomes=outcomes))
        settled = [self.model.settle(outcome, worker=worker) for outcome in outcomes]
        assert [(one.verdict, one.status) for one in turn.settled] == settled
        self.model.call_ended(turn.rings)
        gathering = self.model.claim(turn.runs, worker=worker, number=number, slots=slots, serves=serves)
        assert turn.gathering_ms == gathering
        self.model.call_ended({})
        known = {(run.job_id, run.token) for _, run in self.runs}
        self.runs += [(worker, run) for run in turn.runs if (run.job_id, run.token) not in known]

    def _a_run(self, pick: int) -> tuple[str, Run] | None:
        """One that was claimed at some time, mostly one that holds its job. Where none was yet, somebody claims."""
        if not self.runs:
            self.claim("w1", slots=2, serves=BOTH)
            return None
        holding = [
            (worker, run)
            for worker, run in self.runs
            if self.model.verdict(run.job_id, worker=worker, token=run.token) in HOLDS
        ]
        worker, run = _picked(holding if holding and pick % 4 else self.runs, pick)
        if pick == MOST_PICKED:  # a worker speaks of a run that isn't its own
            worker = self.workers["w2" if worker == self.workers["w1"] else "w1"]
        return worker, run

    def _report_of(self, run: Run, **given: Any) -> Report:
        self.reported[run.token] += 1
        return Report(job_id=run.job_id, token=run.token, number=self.reported[run.token], **given)

    def report(self, pick: int, **given: Any) -> None:
        if held := self._a_run(pick):
            worker, run = held
            self.send(self._report, worker=worker, report=self._report_of(run, **given))

    def _report(self, worker: str, report: Report) -> None:
        (verdict,) = self.do(self.store.report(worker=worker, reports=[report]))
        assert verdict is self.model.report(report, worker=worker)
        self.model.call_ended({})

    def finish_step(self, pick: int, name: str, private: bool) -> None:
        if held := self._a_run(pick):
            worker, run = held
            result = b"\xff\x00%d" % len(self.sent) if private else f'"{len(self.sent)}"'
            self.send(self._step, job_id=run.job_id, worker=worker, token=run.token, name=name, result=result)

    def _step(self, **given: Any) -> None:
        assert self.do(self.store.step(**given)) is self.model.step(**given)
        self.model.call_ended({})

    def forget_steps(self, pick: int, name: str) -> None:
        """The worker can't open a private one, say."""
        if held := self._a_run(pick):
            worker, run = held
            self.send(self._forget, job_id=run.job_id, worker=worker, token=run.token, name=name)

    def _forget(self, **given: Any) -> None:
        assert self.do(self.store.forget_steps(**given)) == self.model.forget_steps(**given)
        self.model.call_ended({})

    def hold(self, pick: int) -> None:
        if held := self._a_run(pick):
            worker, run = held
            self.send(self._hold, job_id=run.job_id, worker=worker, token=run.token)

    def _hold(self, **given: Any) -> None:
        assert self.do(self.store.assert_held(**given)) is self.model.extend(**given)
        self.model.call_ended({})

    def settle(self, pick: int, claims: bool, last_words: str, kind: OutcomeKind, **given: Any) -> None:
        """Alone, or with the claim that fills the slot again."""
        if not (held := self._a_run(pick)):
            return
        worker, run = held
        reports = [self._report_of(run, output=last_words)] if last_words else []
        outcome = Outcome(job_id=run.job_id, token=run.token, kind=kind, reason="boom", reports=reports, **given)
        if claims and worker in self.workers.values():
            self._next_claim(worker, slots=1, serves=BOTH, outcomes=[outcome])
        else:
            self.send(self._settle, worker=worker, outcome=outcome)

    def _settle(self, worker: str, outcome: Outcome) -> None:
        (settled,), rings = self.do(self.store.settle(worker=worker, outcomes=[outcome]))
        assert (settled.verdict, settled.status) == self.model.settle(outcome, worker=worker)
        self.model.call_ended(rings)

    def renew(self, name: str, stale: bool, **given: Any) -> None:
        worker = self.workers[name]
        held = [Held(job_id=run.job_id, token=run.token) for theirs, run in self.runs if theirs == worker]
        answered = max(self.bench.numbers.get(worker, 0) - stale, 0)
        self.send(self._renew, worker=worker, held=held, answered=answered, **given)

    def _renew(self, worker: str, held: Sequence[Held], answered: int, free: int, serves: Sequence[Served]) -> None:
        renewal = self.do(
            self.store.renew(worker=worker, held=held, answered=answered, free=free, serves=serves, digest="")
        )
        expected = [self.model.extend(lease.job_id, worker=worker, token=lease.token) for lease in held]
        assert list(renewal.verdicts) == expected
        assert renewal.seen == self.model.seen[worker]
        if worker not in self.model.closed and answered >= self.model.seen[worker]:
            self.model.credit(worker, free, serves)
        self.model.call_ended({})

    def stop(self, name: str, end: str) -> None:
        """The worker says goodbye, ends with no word, or is frozen and heard of late, when another has its name."""
        worker = self.workers[name]
        self.workers[name] = f"{name}-{int(worker.partition('-')[2]) + 1}"
        if end == "close":
            self.send(self._close, worker=worker)
            self._next_claim(worker, slots=3, serves=BOTH)  # it was under way when the worker stopped
        elif end == "kill":
            self.runs = [(theirs, run) for theirs, run in self.runs if theirs != worker]

    def _close(self, worker: str) -> None:
        handed_back, rings = self.do(self.store.close_worker(worker=worker, serves=BOTH))
        assert sorted(handed_back) == self.model.close(worker, BOTH)
        self.model.call_ended(rings)

    def lose_private(self, pick: int) -> None:
        """A job at rest loses its private results to time: that passes at the server and not by our clock."""
        jobs = [job for job in self.model.jobs.values() if job.sealed and job.status.terminal]
        if jobs:
            job = _picked(jobs, pick)
            self.do(cast(Any, self.bench.redis).delete(self.bench.key("job", job.id, "private")))
            job.sealed.clear()

    # ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def tick(self, milliseconds: int, reap: bool) -> None:
        """A second or so passes, and the reaper comes by or is late."""
        self.clock.tick(milliseconds)
        if reap:
            self._reap()

    def jump(self, milliseconds: int, reap: bool) -> None:
        """Nobody is heard of for a minute, or the clock steps."""
        self.tick(milliseconds, reap=reap)

    def time_flies(self, seconds: int) -> None:
        """Seconds pass in which workers say nothing and the reaper does its rounds."""
        for _ in range(seconds):
            self.clock.tick(1_000)
            self._reap()

    def _reap(self) -> None:
        rings: Counter[str] = Counter()
        again, more = False, True
        while more:
            done = self.do(self.store.reap(again=again))
            assert done.skipped is not self.model.reap(again=again)
            rings.update(done.rings)
            again, more = True, done.more
        self.model.call_ended(rings)


async def _answered(call: Coroutine[Any, Any, T]) -> T | CodeForgeError:
    try:
        return await call
    except CodeForgeError as error:
        return error


async def _together(calls: Sequence[Coroutine[Any, Any, T]]) -> list[T | CodeForgeError]:
    return await asyncio.gather(*(_answered(call) for call in calls))


def _said(said: Callable[[], E]) -> tuple[E | None, type[CodeForgeError] | None]:
    """The model's answer, or the error that it refuses with."""
    try:
        return said(), None
    except Refused as refused:
        return None, refused.kind


def _picked(among: Sequence[T], pick: int) -> T:
    return among[-1 - pick % len(among)]


def _age(job: ModelJob) -> tuple[int, str]:
    return job.created_at, job.id
