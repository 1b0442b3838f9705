"""What the store should do, said once more in plain Python: small, slow, with no thought of atomicity."""

from __future__ import annotations

from dataclasses import dataclass, field

from codeforge_common.job import TERMINAL, Status
from codeforge_common.store import OutcomeKind, Verdict

LEASE = 10_000
BLIND = 3_000
KEEP = 60_000


@dataclass
class ModelJob:
    """One job. ``lease_ends`` is None while nobody holds it."""

    id: str
    user: str
    attempts_max: int
    status: Status
    due: int | None = None
    attempts: int = 0
    crashes: int = 0
    cancelled: bool = False
    worker: str | None = None
    token: int = 0
    number: int = 0
    lease_ends: int | None = None
    ended: tuple[str, int] | None = None
    reported: int = 0
    progress: int = 0
    changes: int = 1
    removed_at: int | None = None
    retries: set[int] = field(default_factory=set)

    def change(self) -> None:
        self.changes += 1

    def release(self) -> None:
        assert self.worker is not None
        self.ended = (self.worker, self.token)
        self.worker = None
        self.lease_ends = None
        self.reported = 0

    def rest(self, status: Status, *, now: int) -> None:
        self.status = status
        self.removed_at = now + KEEP
        self.change()


class Model:
    """Jobs by id, and the two pieces of memory that decide about leases."""

    def __init__(self, *, now: int, cap: int, max_crashes: int) -> None:
        self.jobs: dict[str, ModelJob] = {}
        self.cap = cap
        self.max_crashes = max_crashes
        self.reaped_at = now
        self.seen: dict[str, int] = {}
        self.closed: set[str] = set()

    def submit(self, job_id: str, *, user: str, delay: int, attempts_max: int, now: int) -> None:
        self.jobs[job_id] = ModelJob(
            id=job_id,
            user=user,
            attempts_max=attempts_max,
            status=Status.DELAYED if delay else Status.WAITING,
            due=now + delay if delay else None,
        )

    def running(self, user: str) -> int:
        return sum(job.user == user and job.worker is not None for job in self.jobs.values())

    def claimable(self) -> int:
        """How many jobs a claim with enough slots takes."""
        users = {job.user for job in self.jobs.values()}
        return sum(
            min(
                sum(job.user == user and job.status is Status.WAITING for job in self.jobs.values()),
                self.cap - self.running(user),
            )
            for user in users
        )

    def claimed(self, job_id: str, *, worker: str, token: int, number: int, now: int) -> None:
        job = self.jobs[job_id]
        assert job.status is Status.WAITING, f"a {job.status} job was claimed"
        assert not job.cancelled, "a cancelled job was claimed"
        assert token > job.token, "a claim must raise the token"
        assert self.running(job.user) < self.cap, "the user's running cap was passed"
        job.status, job.worker, job.token, job.number = Status.ACTIVE, worker, token, number
        job.lease_ends = now + LEASE
        job.attempts += 1
        job.progress = 0
        job.change()

    def verdict(self, job_id: str, *, worker: str, token: int) -> Verdict:
        job = self.jobs.get(job_id)
        if job is None:
            return Verdict.GONE
        if job.worker != worker or job.token != token:
            return Verdict.FENCED
        return Verdict.CANCELLED if job.cancelled else Verdict.HELD

    def settle(self, job_id: str, *, worker: str, token: int, kind: OutcomeKind, delay: int, now: int) -> Verdict:
        verdict = self.verdict(job_id, worker=worker, token=token)
        if verdict is Verdict.FENCED and self.jobs[job_id].ended == (worker, token):
            return Verdict.DONE
        if verdict in (Verdict.FENCED, Verdict.GONE):
            return verdict
        job = self.jobs[job_id]
        job.release()
        if job.cancelled or kind is OutcomeKind.CANCELLED:
            job.rest(Status.CANCELLED, now=now)
        elif kind is OutcomeKind.COMPLETED:
            job.progress = 100
            job.rest(Status.COMPLETED, now=now)
        elif kind is OutcomeKind.HANDED_BACK:
            self.wait_again(job)
        elif kind is OutcomeKind.RETRY and job.attempts < job.attempts_max:
            job.progress = 0
            job.status = Status.DELAYED if delay else Status.WAITING
            job.due = now + delay if delay else None
            job.change()
        else:
            job.rest(Status.FAILED, now=now)
        return Verdict.HELD

    @staticmethod
    def wait_again(job: ModelJob) -> None:
        job.status = Status.WAITING
        job.attempts -= 1
        job.progress = 0
        job.change()

    def crash(self, job: ModelJob, *, now: int) -> None:
        job.release()
        job.crashes += 1
        if job.cancelled:
            job.rest(Status.CANCELLED, now=now)
        elif job.crashes >= self.max_crashes:
            job.rest(Status.FAILED, now=now)
        else:
            self.wait_again(job)

    def cancel(self, job: ModelJob, *, now: int) -> bool:
        """False where it is refused."""
        if job.status in (Status.WAITING, Status.DELAYED):
            job.cancelled, job.due = True, None
            job.rest(Status.CANCELLED, now=now)
        elif job.status is Status.ACTIVE and not job.cancelled:
            job.cancelled = True
            job.change()
        return job.status in (Status.ACTIVE, Status.CANCELLED)

    def retry(self, job: ModelJob, *, request: int) -> bool:
        """False where it is refused."""
        if job.status not in (Status.FAILED, Status.CANCELLED):
            return False
        job.status = Status.WAITING
        job.attempts = job.crashes = job.progress = 0
        job.cancelled, job.removed_at = False, None
        job.retries = {request}
        job.change()
        return True

    def reap(self, *, now: int) -> None:
        """All rounds until one has nothing more to do."""
        gap = now - self.reaped_at
        self.reaped_at = now
        if gap < 0 or gap > BLIND:
            for job in self.jobs.values():
                if job.lease_ends is not None:
                    job.lease_ends = min(job.lease_ends + gap, now + LEASE) if gap > 0 else now + LEASE
        for job in list(self.jobs.values()):
            if job.due is not None and job.due <= now:
                job.due, job.status = None, Status.WAITING
                job.change()
        for job in list(self.jobs.values()):
            if job.lease_ends is not None and job.lease_ends <= now:
                self.crash(job, now=now)
        for job in list(self.jobs.values()):
            if job.status in TERMINAL and job.removed_at is not None and job.removed_at <= now:
                del self.jobs[job.id]
