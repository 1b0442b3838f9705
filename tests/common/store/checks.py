"""What always holds of a store's keys, whatever happened before."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from codeforge_common.events import UPDATE_LOG_LINES, iso
from codeforge_common.job import JobRecord, Status
from codeforge_common.store import Limits
from codeforge_common.store.keys import FAMILIES
from tests.common.store.model import Model
from tests.common.store.model_job import ModelJob
from tests.common.store.snapshot import Snapshot

FINISHED = {"completed": {Status.COMPLETED}, "failed": {Status.FAILED, Status.CANCELLED}}
QUEUED_ONE = 1_000_000
"""What a waiting or delayed job counts in its user's load."""
PARTS = {"", "body", "log", "error", "result", "brief", "secret", "steps", "private", "output", "timeline"}


def check_indexes(found: Snapshot, jobs: Collection[ModelJob], types: Sequence[str]) -> None:
    """I1 and I5: every index and every counter says what the model's jobs say."""
    by_status: dict[Status, list[ModelJob]] = {status: [] for status in Status}
    for job in jobs:
        by_status[job.status].append(job)
    waiting, active = by_status[Status.WAITING], by_status[Status.ACTIVE]
    for type in types:
        counts = {status.value: sum(job.type == type for job in there) for status, there in by_status.items()}
        assert found.hash(f"counts:{type}") == _numbers(counts), "I5: counts"
    load = Counter(job.user for job in active)
    for job in waiting + by_status[Status.DELAYED]:
        load[job.user] += QUEUED_ONE
    assert found.hash("load") == _numbers(load), "I5: load"
    assert found.scores("leases") == {job.id: job.lease_ends for job in active}
    assert found.scores("delayed") == {job.id: job.due for job in by_status[Status.DELAYED]}
    for kind, states in FINISHED.items():
        assert set(found.scores(f"finished:{kind}")) == {job.id for status in states for job in by_status[status]}
    users = {job.user for job in jobs}
    for user in users:
        assert set(found.scores(f"jobs:{user}")) == {job.id for job in jobs if job.user == user}
        for type in types:
            done = [job.id for job in by_status[Status.COMPLETED] if (job.type, job.user) == (type, user)]
            assert sorted(found.list(f"completed:{type}:{user}")) == sorted(done)
            check_rotation(found, [job for job in waiting if (job.type, job.user) == (type, user)], type, user)


def check_rotation(found: Snapshot, waiting: Sequence[ModelJob], type: str, user: str) -> None:
    """A user's ready jobs of a type are found by their place, and the user stands where a claim or a finish looks."""
    places = {job.id: float(job.place) for job in waiting}
    assert found.scores(f"ready:{type}:{user}") == places, "I1: a waiting job that nobody can find"
    rotation, rotating = found.list(f"rotation:{type}"), found.set(f"rotating:{type}")
    assert len(rotation) == len(rotating)
    assert set(rotation) == rotating
    parked = found.hash("parked").get(user, "").split()
    if waiting:
        assert user in rotating or type in parked, "a user with work stands nowhere"
    else:
        assert user not in rotating and type not in parked, "a user with no work has a turn"


def check_owners(found: Snapshot, jobs: Mapping[str, ModelJob], *, secrets: bool = True) -> None:
    """I5 and I6: no key without an owner, no lease that nobody holds, no secret beyond its time."""
    for key in found.values:
        family, _, rest = key.partition(":")
        assert family in FAMILIES
        if family == "job":
            job_id, _, part = rest.partition(":")
            assert job_id in jobs, f"I5: {key} has no owner"
            assert part in PARTS
    for job in jobs.values() if secrets else ():
        check_secret(found, f"job:{job.id}:secret", job.status)
        private = f"job:{job.id}:private"
        assert set(found.hash(private)) == job.sealed, "I6: private steps"
        if job.sealed:
            check_secret(found, private, job.status)


def check_secret(found: Snapshot, key: str, status: Status) -> None:
    """I6: how long what only workers may read is still there."""
    lifetime = found.lifetimes.get(key)
    if status in FINISHED["failed"]:
        assert lifetime and 0 < lifetime <= Limits().secrets_retry_ms, "I6: a secret outlives the time for a retry"
    else:
        assert lifetime == (None if status is Status.COMPLETED else -1), "I6"


def check_credits(found: Snapshot, model: Model) -> None:
    """What a ring may be taken from is what claims and renewals said, less the rings."""
    now = model.now()
    for type, credits in model.credits.items():
        slots = found.hash(f"credits:{type}")
        ends = found.scores(f"credit:{type}")
        assert set(slots) == set(ends)
        if credits.certain(now):
            live = {worker: int(slots[worker]) for worker, end in ends.items() if now < end <= now + 3_000}
            assert live == credits.live(now), "credit"


def check_record(record: JobRecord, job: ModelJob) -> None:
    """I3, and whatever else the model knows."""
    assert record.status is job.status
    assert record.attempts_made == job.attempts <= job.attempts_max
    assert record.crashes == job.crashes
    assert record.cancel_requested is job.cancelled
    assert (record.progress, record.stage) == (job.progress, job.stage)
    assert (record.run_at, record.priority, record.created_at) == (job.due, job.priority, job.created_at)
    assert [line for line in record.logs if not line.startswith("[")] == job.lines
    assert list(record.steps) == list(job.steps)
    assert record.failed_reason == job.reason
    assert record.result == (None if job.result is None else json.loads(job.result))
    assert record.seq == job.changes


def _numbers(counts: Mapping[str, int]) -> dict[str, str]:
    return {word: str(number) for word, number in counts.items() if number}


def as_update(record: JobRecord) -> dict[str, Any]:
    """The last update of a job, as its record says it must be (I4)."""
    return {
        "jobId": record.id,
        "sessionId": record.session_id,
        "userId": record.user_id,
        "type": record.type,
        "title": record.title,
        "status": record.status.value,
        "progress": record.progress,
        "stage": record.stage,
        "logs": list(record.logs)[-UPDATE_LOG_LINES:],
        "result": record.result,
        "error": record.failed_reason,
        "attempt": record.attempts_made,
        "attemptsMax": record.attempts_max,
        "crashes": record.crashes,
        "cancelRequested": record.cancel_requested,
        "createdAt": iso(record.created_at),
        "startedAt": iso(record.started_at),
        "completedAt": iso(record.completed_at),
        "timestamp": iso(record.updated_at),
        "seq": record.seq,
    }
