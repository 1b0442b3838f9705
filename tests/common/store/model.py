"""What the store should do: jobs by id, and the little memory that decides about claims, leases and rings."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from codeforge_common import errors
from codeforge_common.job import TERMINAL, Status
from codeforge_common.store import (
    Limits,
    Moment,
    Outcome,
    OutcomeKind,
    Report,
    Run,
    Served,
    Submission,
    Verdict,
)
from tests.common.store.model_credit import Credits
from tests.common.store.model_job import ModelJob

BLIND = 2_000
APART = 500
HOLDS = (Verdict.HELD, Verdict.CANCELLED)


class Refused(Exception):
    """The call must be refused with an error of this kind."""

    def __init__(self, kind: type[errors.CodeForgeError]) -> None:
        super().__init__(kind.code)
        self.kind = kind


@dataclass
class Model:
    """The store's jobs.

    ``claimable``: how many became so in the call under way, by type. ``passed``: by type and user who may be claimed,
    whose turn came before theirs.
    """

    now: Callable[[], int]
    cap: int
    waiting_cap: int
    max_crashes: int
    reaped_at: int
    types: Sequence[str]
    jobs: dict[str, ModelJob] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    closed: set[str] = field(default_factory=set)
    remembered: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    credits: dict[str, Credits] = field(init=False)
    claimable: Counter[str] = field(default_factory=Counter)
    passed: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.credits = {type: Credits() for type in self.types}

    # ── what is there ────────────────────────────────────────────────────────────────────────────────────────────────

    def running(self, user: str) -> int:
        return sum(job.user == user and job.worker is not None for job in self.jobs.values())

    def waiting(self, type: str, user: str | None = None) -> list[ModelJob]:
        """Who waits, in the order in which a user's jobs are claimed."""
        found = [
            job
            for job in self.jobs.values()
            if job.status is Status.WAITING and job.type == type and user in (None, job.user)
        ]
        return sorted(found, key=lambda job: (job.place, job.user, job.id))

    def eligible(self, type: str) -> list[str]:
        """The users who have a job of the type that may be claimed."""
        return sorted({job.user for job in self.waiting(type) if self.running(job.user) < self.cap})

    def visible(self, job_id: str, caller: str | None) -> ModelJob:
        job = self.jobs.get(job_id)
        if job is None or caller not in (None, job.user):
            raise Refused(errors.JobNotFound)
        return job

    def verdict(self, job_id: str, *, worker: str, token: int) -> Verdict:
        job = self.jobs.get(job_id)
        return Verdict.GONE if job is None else job.verdict(worker=worker, token=token)

    # ── people ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def submit(self, asked: Submission) -> tuple[str, bool]:
        """The job's id, and whether it is an earlier one's for the same key."""
        if asked.job_id in self.jobs:
            return asked.job_id, False
        key = asked.idempotency and (asked.user_id, asked.idempotency.key)
        if key in self.remembered:
            digest, job_id = self.remembered[key]
            if asked.idempotency and asked.idempotency.digest != digest:
                raise Refused(errors.IdempotencyConflict)
            return job_id, True
        queued = (Status.WAITING, Status.DELAYED)
        if sum(job.user == asked.user_id and job.status in queued for job in self.jobs.values()) >= self.waiting_cap:
            raise Refused(errors.TooManyWaiting)
        if key and asked.idempotency:
            self.remembered[key] = asked.idempotency.digest, asked.job_id
        now = self.now()
        job = ModelJob(
            id=asked.job_id,
            user=asked.user_id,
            type=asked.type,
            attempts_max=asked.attempts_max,
            priority=asked.priority,
            created_at=now,
        )
        job.note(Moment.SUBMITTED, now=now)
        self.jobs[job.id] = job
        due = max(now + asked.delay_ms, asked.run_at or 0)
        if due > now:
            job.put_off(now=now, due=due)
        else:
            self.wait(job)
        return job.id, False

    def cancel(self, job_id: str, *, caller: str | None) -> ModelJob:
        job = self.visible(job_id, caller)
        if job.status in (Status.COMPLETED, Status.FAILED):
            raise Refused(errors.NotInThatState)
        if job.status is not Status.CANCELLED and not job.cancelled:
            job.cancelled = True
            job.note(Moment.CANCEL_REQUESTED, now=self.now(), by=caller)
            if job.status is Status.ACTIVE:
                job.change()
            else:
                job.rest(Status.CANCELLED, now=self.now())
        return job

    def retry(self, job_id: str, *, caller: str | None, request: str, step: str | None) -> ModelJob:
        job = self.visible(job_id, caller)
        if job.request == request:
            return job
        if job.status not in (Status.FAILED, Status.CANCELLED):
            raise Refused(errors.NotInThatState)
        if step is not None and step not in job.steps:
            raise Refused(errors.UnknownStep)
        job.retry(request=request, step=step, by=caller, now=self.now())
        self.became_claimable(job)
        return job

    # ── workers ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def became_claimable(self, job: ModelJob) -> None:
        if self.running(job.user) < self.cap:
            self.claimable[job.type] += 1

    def wait(self, job: ModelJob, *, place: int | None = None) -> None:
        job.wait(now=self.now(), place=place)
        self.became_claimable(job)

    def report(self, report: Report, *, worker: str) -> Verdict:
        verdict = self.verdict(report.job_id, worker=worker, token=report.token)
        if verdict in HOLDS:
            self.jobs[report.job_id].take(report)
        return verdict

    def step(self, job_id: str, *, worker: str, token: int, name: str, result: str | bytes) -> Verdict:
        verdict = self.verdict(job_id, worker=worker, token=token)
        if verdict in HOLDS:
            self.jobs[job_id].finish_step(name, result)
        return verdict

    def forget_steps(self, job_id: str, *, worker: str, token: int, name: str) -> tuple[Verdict, int]:
        verdict = self.verdict(job_id, worker=worker, token=token)
        job = self.jobs.get(job_id)
        if job and verdict in HOLDS and name in job.steps:
            job.forget_steps(name)
            job.cut_output()
        return verdict, len(job.output) if job else 0

    def extend(self, job_id: str, *, worker: str, token: int) -> Verdict:
        verdict = self.verdict(job_id, worker=worker, token=token)
        if verdict in HOLDS:
            self.jobs[job_id].lease_ends = self.now() + self.jobs[job_id].lease
        return verdict

    def credit(self, worker: str, slots: int, serves: Iterable[Served]) -> None:
        for served in serves:
            self.credits[served.type].set(worker, slots, now=self.now())

    def settle(self, outcome: Outcome, *, worker: str) -> tuple[Verdict, Status | None]:
        verdict = self.verdict(outcome.job_id, worker=worker, token=outcome.token)
        job = self.jobs.get(outcome.job_id)
        if job is None:
            return verdict, None
        if verdict not in HOLDS:
            return Verdict.DONE if job.has_ended(worker, outcome.token) else verdict, job.status
        for report in outcome.reports:
            job.take(report)
        self._end(job, outcome)
        return Verdict.HELD, job.status

    def _end(self, job: ModelJob, outcome: Outcome) -> None:
        now, again = self.now(), outcome.kind is OutcomeKind.RETRY and job.attempts < job.attempts_max
        if outcome.kind is OutcomeKind.HANDED_BACK:
            self.hand_back(job)
            return
        job.release()
        if again and not job.cancelled:
            job.reason = outcome.reason
            job.forget_progress()
            job.note(Moment.RETRY_SCHEDULED, now=now, due=now + outcome.delay_ms)
            if outcome.delay_ms:
                job.put_off(now=now, due=now + outcome.delay_ms)
            else:
                self.wait(job)
            return
        job.result = outcome.result or job.result
        if job.cancelled or outcome.kind is OutcomeKind.CANCELLED:
            job.rest(Status.CANCELLED, now=now)
        elif outcome.kind is OutcomeKind.COMPLETED:
            job.progress = 100
            job.rest(Status.COMPLETED, now=now)
        else:
            job.reason = outcome.reason
            job.rest(Status.FAILED, now=now)

    def hand_back(self, job: ModelJob) -> None:
        job.hand_back(now=self.now())
        if job.status is Status.WAITING:
            self.became_claimable(job)

    def close(self, worker: str, serves: Iterable[Served]) -> list[str]:
        self.closed.add(worker)
        self.credit(worker, 0, serves)
        theirs = [job for job in self.jobs.values() if job.worker == worker]
        for job in theirs:
            self.hand_back(job)
        return sorted(job.id for job in theirs)

    # ── claims: the answer says whom the turn fell on, the model whether that was right ──────────────────────────────

    def claim(
        self, runs: Sequence[Run], *, worker: str, number: int, slots: int, serves: Sequence[Served]
    ) -> int | None:
        """Checks a claim's runs, takes them, and returns how long a batch gathers (None: nothing does)."""
        if worker in self.closed or number < self.seen[worker]:
            assert not runs, "a late claim took a job"
            return None
        if number == self.seen[worker]:
            theirs = [job for job in self.jobs.values() if job.worker == worker and job.number == number]
            assert {(run.job_id, run.token) for run in runs} == {(job.id, job.token) for job in theirs}
            return None
        self.seen[worker] = number
        given, turns, at, gathering = deque(runs), list(serves), 0, None
        while slots and turns:
            at %= len(turns)
            served = turns[at]
            left = self.gathers(served)
            if left is not None:
                gathering = min(gathering or left, left)
            if left is None and self._fill(served, given, worker=worker, number=number):
                slots, at = slots - 1, at + 1
            else:
                del turns[at]
        assert not given, "more runs than free slots or claimable jobs"
        self.credit(worker, slots, serves)
        return gathering

    def gathers(self, served: Served) -> int | None:
        """For how long a batch of the type still waits for more."""
        waiting = self.waiting(served.type)
        if not served.gather_ms or not 0 < len(waiting) < served.batch:
            return None
        left = waiting[0].since + served.gather_ms - self.now()
        return left if 0 < left <= served.gather_ms else None

    def _fill(self, served: Served, given: deque[Run], *, worker: str, number: int) -> bool:
        for taken in range(served.batch):
            if not self.eligible(served.type):
                return taken > 0
            assert given, f"a {served.type} could be claimed and wasn't"
            self._claimed(given.popleft(), served, worker=worker, number=number)
        return True

    def _claimed(self, run: Run, served: Served, *, worker: str, number: int) -> None:
        job = self.jobs[run.job_id]
        assert job.type == run.type == served.type, "it wasn't this type's turn"
        assert job.user in self.eligible(job.type), "the user's running cap was passed"
        assert job is self.waiting(job.type, job.user)[0], "it wasn't this job's turn among its user's"
        for user in self.eligible(job.type):
            others = self.passed.setdefault((job.type, user), set())
            assert user == job.user or job.user not in others, f"{job.user} had two turns while {user} waited"
            others.add(job.user)
        self.passed[job.type, job.user] = set()
        job.claim(worker=worker, token=run.token, number=number, lease=served.lease_ms, now=self.now())
        assert (run.attempt, run.crashes) == (job.attempts, job.crashes)
        assert run.attempt <= run.attempts_max
        assert dict(run.steps) == {name: result for name, (result, _) in job.steps.items()}
        assert run.output_bytes == len(job.output)

    # ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def reap(self, *, again: bool) -> bool:
        """One round; False: it came too soon after another and did nothing."""
        now = self.now()
        gap = now - self.reaped_at
        if 0 <= gap < APART and not again:
            return False
        self.reaped_at = now
        if gap < 0 or gap > BLIND:
            self._give_time_again(gap)
        else:
            self._rescue()
        return True

    def _give_time_again(self, gap: int) -> None:
        """Nobody could renew, or the clock stepped back."""
        now = self.now()
        for job in self.jobs.values():
            if job.lease_ends is not None:
                fresh = min(job.lease_ends + gap, now + Limits().lease_ms)
                job.lease_ends = max(job.lease_ends, fresh) if gap > 0 else now + job.lease

    def _rescue(self) -> None:
        now = self.now()
        for job in self.jobs.values():
            if job.due is not None and job.due <= now:
                job.note(Moment.DUE, now=now)
                self.wait(job)
            if job.lease_ends is not None and job.lease_ends <= now:
                self._crash(job)
        for type in self.types:
            self.claimable[type] = max(self.claimable[type], len(self.eligible(type)))
        for job in list(self.jobs.values()):
            if job.status in TERMINAL and job.removed_at is not None and job.removed_at <= now:
                del self.jobs[job.id]

    def _crash(self, job: ModelJob) -> None:
        now = self.now()
        job.release()
        job.ended = None  # not by its own word
        job.crashes += 1
        job.note(Moment.CRASHED, now=now)
        if job.cancelled:
            job.rest(Status.CANCELLED, now=now)
        elif job.crashes >= self.max_crashes:
            job.attempts -= 1
            job.reason = f"poison: the worker was lost {job.crashes} times while it ran this job"
            job.rest(Status.FAILED, now=now)
        else:
            job.wait_again(now=now)
            self.became_claimable(job)

    def call_ended(self, rings: Mapping[str, int]) -> None:
        """Checks the rings of a call and forgets whose turn was passed where nobody waits for one any more."""
        for type, credits in self.credits.items():
            credits.rung(rings.get(type, 0), at_least=self.claimable[type], now=self.now())
        self.claimable.clear()
        for type, user in list(self.passed):
            if user not in self.eligible(type):
                del self.passed[type, user]
