"""What always holds of a store's keys, whatever happened before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from codeforge_common.events import UPDATE_LOG_LINES, iso
from codeforge_common.job import TERMINAL, JobRecord, Status
from codeforge_common.store import Limits
from codeforge_common.store.keys import FAMILIES, prefix
from tests.common.store.harness import AGENT, Harness
from tests.common.store.model import ModelJob


async def check_indexes(bench: Harness, jobs: Sequence[ModelJob]) -> None:
    """I1 and I5: every index and every counter says what the model's jobs say."""
    redis = bench.redis
    users = {job.user for job in jobs}

    def ids(*states: Status, user: str | None = None) -> set[bytes]:
        return {job.id.encode() for job in jobs if job.status in states and user in (None, job.user)}

    counts = {word: int(n) for word, n in (await redis.hgetall(bench.key("counts", AGENT.name))).items()}
    assert counts == {s.encode(): len(ids(s)) for s in Status if ids(s)}, "I5: counts"
    assert set(await redis.zrange(bench.key("leases"), 0, -1)) == ids(Status.ACTIVE)
    assert set(await redis.zrange(bench.key("delayed"), 0, -1)) == ids(Status.DELAYED)
    assert set(await redis.zrange(bench.key("finished"), 0, -1)) == ids(*TERMINAL)
    for user in users:
        kept = await redis.zrange(bench.key("completed", AGENT.name, user), 0, -1)
        assert set(kept) == ids(Status.COMPLETED, user=user)
    assert await redis.hgetall(bench.key("running")) == {
        user.encode(): str(len(ids(Status.ACTIVE, user=user))).encode()
        for user in users
        if ids(Status.ACTIVE, user=user)
    }, "I5: running"
    assert await redis.hgetall(bench.key("waiting")) == {
        user.encode(): str(len(ids(Status.WAITING, Status.DELAYED, user=user))).encode()
        for user in users
        if ids(Status.WAITING, Status.DELAYED, user=user)
    }, "I5: waiting"
    rotation = await redis.lrange(bench.key("rotation", AGENT.name), 0, -1)
    rotating = await redis.smembers(bench.key("rotating", AGENT.name))
    assert len(rotation) == len(set(rotation))
    assert set(rotation) == rotating
    ready = {user.encode() for user in users if ids(Status.WAITING, user=user)}
    assert set(await redis.zrange(bench.key("heads", AGENT.name), 0, -1)) == ready
    for user in users:
        queued = set(await redis.zrange(bench.key("ready", AGENT.name, user), 0, -1))
        assert queued == ids(Status.WAITING, user=user), "I1: a waiting job that nobody can find"
        parked = await redis.sismember(bench.key("parked", user), AGENT.name)
        assert not queued or user.encode() in rotating or parked, "a user with work stands nowhere"


async def check_owners(bench: Harness, jobs: Sequence[ModelJob]) -> None:
    """I5 and I6: no key without an owner, no lease that nobody holds, no secret beyond its time."""
    known = {job.id for job in jobs}
    start = len(prefix(bench.namespace)) + 1
    held: set[str] = set()
    async for raw in bench.redis.scan_iter(prefix(bench.namespace) + ":*", count=500):
        family, _, rest = raw.decode()[start:].partition(":")
        assert family in FAMILIES
        if family == "job":
            assert rest.partition(":")[0] in known, f"I5: {raw.decode()} has no owner"
        if family == "held":
            held |= {bytes(job).decode() for job in cast(list[bytes], await bench.redis.hkeys(raw))}
    assert held == {job.id for job in jobs if job.worker is not None}
    for job in jobs:
        ttl = await bench.redis.pttl(bench.key("job", job.id, "secret"))
        expected = {-2} if job.status is Status.COMPLETED else {-1}
        if job.status in (Status.FAILED, Status.CANCELLED):
            assert 0 < ttl <= Limits().secrets_retry_ms, "I6: the secret outlives the time for a retry"
        else:
            assert ttl in expected, "I6"


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
