"""A store under a clock of the test's own, and short words for what tests do with it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from redis.asyncio import Redis

from codeforge_common.event_log.entry import decode
from codeforge_common.job import JobRecord, JobType, new_job_id
from codeforge_common.record import PackedRecord, unpack
from codeforge_common.store import (
    Accepted,
    Held,
    Limits,
    Outcome,
    OutcomeKind,
    Report,
    Run,
    Served,
    Settled,
    Store,
    Submission,
    Turn,
    Verdict,
)
from codeforge_common.store.connect import connect
from codeforge_common.store.keys import key

START = 1_795_000_000_000
"""Where the simulated clock begins (milliseconds)."""

LEASE = 10_000
AGENT = JobType(name="agent_task")
OTHER = JobType(name="other_task")
UNLIMITED = Limits(rate_per_minute=0)


@dataclass
class Clock:
    """A clock that stands still until it is told."""

    now: int = START

    def __call__(self) -> int:
        return self.now

    def tick(self, milliseconds: int) -> None:
        self.now += milliseconds


@dataclass
class Harness:
    """One store, its clock, and the claim numbers of the workers that the test plays."""

    store: Store
    redis: Redis
    namespace: str
    clock: Clock
    numbers: dict[str, int] = field(default_factory=dict)

    def key(self, family: str, *rest: str) -> str:
        return key(self.namespace, family, *rest)

    def submission(self, *, user: str = "ann", type: JobType = AGENT, **other: Any) -> Submission:
        given = {
            "job_id": new_job_id(),
            "type": type.name,
            "type_digest": type.digest,
            "user_id": user,
            "session_id": "s-1",
            "user_message": "Translate my readme",
        }
        return Submission(**(given | other))

    async def submit(self, **given: Any) -> str:
        accepted: Accepted = await self.store.create(self.submission(**given))
        return accepted.job_id

    async def claim(
        self,
        worker: str = "w1",
        *,
        slots: int = 1,
        types: Sequence[str] = (AGENT.name,),
        serves: Sequence[Served] | None = None,
        outcomes: Sequence[Outcome] = (),
    ) -> Turn:
        self.numbers[worker] = self.numbers.get(worker, 0) + 1
        return await self.claim_again(worker, slots=slots, types=types, serves=serves, outcomes=outcomes)

    async def claim_again(
        self,
        worker: str = "w1",
        *,
        slots: int = 1,
        types: Sequence[str] = (AGENT.name,),
        serves: Sequence[Served] | None = None,
        outcomes: Sequence[Outcome] = (),
        number: int | None = None,
    ) -> Turn:
        return await self.store.claim(
            worker=worker,
            number=self.numbers[worker] if number is None else number,
            slots=slots,
            serves=serves or [Served(type=name, lease_ms=LEASE) for name in types],
            outcomes=outcomes,
        )

    async def start(self, worker: str = "w1", **given: Any) -> Run:
        """Submits a job and has ``worker`` claim it."""
        job_id = await self.submit(**given)
        (run,) = (await self.claim(worker)).runs
        assert run.job_id == job_id
        return run

    async def settle(self, run: Run, kind: OutcomeKind, *, worker: str = "w1", **given: Any) -> Settled:
        outcome = Outcome(job_id=run.job_id, token=run.token, kind=kind, **given)
        (settled,), _ = await self.store.settle(worker=worker, outcomes=[outcome])
        return settled

    async def renew(self, worker: str = "w1", *, runs: Sequence[Run] = (), free: int = 0, **given: Any) -> Any:
        return await self.store.renew(
            worker=worker,
            held=[Held(job_id=run.job_id, token=run.token) for run in runs],
            answered=given.get("answered", self.numbers.get(worker, 0)),
            free=free,
            serves=[Served(type=name, lease_ms=LEASE) for name in given.get("types", (AGENT.name,))],
            digest=given.get("digest", ""),
        )

    async def report(self, run: Run, number: int = 1, *, worker: str = "w1", **given: Any) -> Verdict:
        report = Report(job_id=run.job_id, token=run.token, number=number, **given)
        (verdict,) = await self.store.report(worker=worker, reports=[report])
        return verdict

    async def step(self, run: Run, name: str, result: str | bytes = "1", *, worker: str = "w1") -> Verdict:
        return await self.store.step(worker=worker, job_id=run.job_id, token=run.token, name=name, result=result)

    async def get(self, job_id: str) -> JobRecord:
        return await self.store.get(job_id, caller=None)

    async def let_pass(self, seconds: int) -> None:
        """Seconds in which no worker says a word and the reaper does its rounds."""
        for _ in range(seconds):
            self.clock.tick(1_000)
            await self.reap_until_done()

    async def reap_until_done(self) -> None:
        """Rounds until one has nothing more to do, whoever was here before."""
        while (await self.store.reap(again=True)).more:
            pass

    async def entries(self) -> list[tuple[bytes, dict[bytes, bytes]]]:
        """The event log as it lies in the store: each entry's id and fields."""
        return cast(list[tuple[bytes, dict[bytes, bytes]]], await self.redis.xrange(self.key("events")))

    async def updates(self, job_id: str | None = None) -> list[dict[str, Any]]:
        """Every update in the log, in order; of one job where it is named."""
        found = []
        for id, entry in await self.entries():
            for update in decode(id, entry).updates:
                if job_id in (None, update.job_id):
                    found.append(json.loads(update.json))
                    del found[-1]["cursor"]
        return found

    async def packed(self, job_id: str) -> PackedRecord:
        """The record as it lies in the store."""
        record = await self.redis.get(self.key("job", job_id))
        assert isinstance(record, bytes)
        return unpack(record)

    async def exists(self, job_id: str, part: str) -> bool:
        """Whether the job has a key of this part (``secret``, ``result``, …)."""
        return bool(await self.redis.exists(self.key("job", job_id, part)))


@asynccontextmanager
async def harness(url: str, namespace: str, *, limits: Limits = UNLIMITED) -> AsyncIterator[Harness]:
    """A store with two known job types and a round of the reaper behind it."""
    clock = Clock()
    redis = connect(url, max_connections=2)
    store = Store(redis, namespace=namespace, limits=limits, clock=clock)
    made = Harness(store=store, redis=redis, namespace=namespace, clock=clock)
    try:
        await store.announce([AGENT, OTHER])
        await store.reap()
        yield made
    finally:
        await store.close()
