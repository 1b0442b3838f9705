"""Many jobs at once, as gateways would have created them."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence

from benchmarks.payload import DATA, USERS
from codeforge_common.job import JobType, new_job_id
from codeforge_common.store import Idempotency, Limits, Store, Submission

NOOP = JobType(name="bench_noop")

AT_ONCE = 2_000
"""Submits under way at the same time; the store sends them in groups."""


def default_limits() -> Limits:
    """The default limits, but for the rate of submits: whoever fills is quicker than any user may be."""
    return Limits(rate_per_minute=0)


async def fill(
    store: Store, *, jobs: int, users: int = USERS, sealed: bytes | None = None, keyed: bool = False
) -> Sequence[str]:
    """Creates ``jobs`` of :data:`NOOP`, the users taking turns; their ids. ``keyed``: with an idempotency key each."""
    await store.announce([NOOP], only_missing=True)
    made: list[str] = []
    for begin in range(0, jobs, AT_ONCE):
        numbers = range(begin, min(begin + AT_ONCE, jobs))
        submissions = [submission(number, users=users, sealed=sealed, keyed=keyed) for number in numbers]
        await asyncio.gather(*map(store.create, submissions))
        made += [one.job_id for one in submissions]
    return made


def submission(number: int, *, users: int, sealed: bytes | None = None, keyed: bool = False) -> Submission:
    """The submit with that ``number``."""
    job_id = new_job_id()
    key = Idempotency(
        key=hashlib.sha256(job_id.encode()).hexdigest(), route="jobs/bench_noop", digest=hashlib.sha256(b"").hexdigest()
    )
    return Submission(
        job_id=job_id,
        type=NOOP.name,
        type_digest=NOOP.digest,
        user_id=f"user-{number % users:04}",
        session_id=f"session-{number % users:04}",
        user_message=DATA["userMessage"],
        sealed=sealed,
        # As a gateway sends it: the trace is known by its id, whether it is recorded or not.
        traceparent=f"00-{number + 1:032x}-{number + 1:016x}-00",
        idempotency=key if keyed else None,
    )
