"""A store that answers what a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from codeforge_common.job import JobType, Status
from codeforge_common.store import (
    Held,
    Outcome,
    OutcomeKind,
    Renewal,
    Report,
    Run,
    Served,
    Settled,
    Store,
    Turn,
    Verdict,
)

AFTER = {
    OutcomeKind.COMPLETED: Status.COMPLETED,
    OutcomeKind.FAILED: Status.FAILED,
    OutcomeKind.RETRY: Status.DELAYED,
    OutcomeKind.CANCELLED: Status.CANCELLED,
    OutcomeKind.HANDED_BACK: Status.WAITING,
}


def run_of(job_id: str, *, job_type: str = "echo", token: int = 1, lease_ms: int = 10_000, **more: Any) -> Run:
    """A claimed job."""
    values: dict[str, Any] = {
        "job_id": job_id,
        "type": job_type,
        "token": token,
        "lease_ms": lease_ms,
        "user_id": "user",
        "session_id": "session",
        "data": {"userMessage": "please", "agentType": None, "context": {}},
        "sealed": None,
        "traceparent": None,
        "attempt": 1,
        "attempts_max": 3,
        "crashes": 0,
        "created_at": 1_700_000_000_000,
        "waited_ms": 5,
    }
    return Run(**values | more)


class FakeStore(Store):
    """``ready``: runs that the next claims give out. ``troubles``: raised by the next calls, one each.

    ``batch``: how many runs it gives out for a slot. ``gathering_ms``: what its claims say of that.
    ``verdicts``: what reports, steps and renewals answer by job, HELD where nothing is said. ``gate``: calls wait for
    it. ``meanwhile``: what happens while a call of that name is under way. ``output_left``: what it says is left when
    steps are forgotten.
    """

    def __init__(self) -> None:
        self.ready: list[Run] = []
        self.batch = 1
        self.gathering_ms: int | None = None
        self.troubles: list[Exception] = []
        self.verdicts: dict[str, Verdict] = {}
        self.output_left = 0
        self.announce_wanted = False
        self.seen = 10**6
        self.gate = asyncio.Event()
        self.gate.set()
        self.meanwhile: dict[str, Callable[[], object]] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def asked(self, name: str) -> list[dict[str, Any]]:
        """The arguments of all calls of that name."""
        return [arguments for called, arguments in self.calls if called == name]

    async def claim(
        self, *, worker: str, number: int, slots: int, serves: Sequence[Served], outcomes: Sequence[Outcome] = ()
    ) -> Turn:
        await self._call("claim", number=number, slots=slots, serves=[one.type for one in serves], outcomes=outcomes)
        most = slots * self.batch
        runs, self.ready = self.ready[:most], self.ready[most:]
        return Turn(settled=_settle(outcomes), runs=runs, rings={}, gathering_ms=self.gathering_ms)

    async def settle(self, *, worker: str, outcomes: Sequence[Outcome]) -> tuple[Sequence[Settled], Mapping[str, int]]:
        await self._call("settle", outcomes=outcomes)
        return _settle(outcomes), {"echo": 1}

    async def report(self, *, worker: str, reports: Sequence[Report]) -> Sequence[Verdict]:
        await self._call("report", reports=reports)
        return [self.verdicts.get(report.job_id, Verdict.HELD) for report in reports]

    async def step(self, *, worker: str, job_id: str, token: int, name: str, result: str | bytes) -> Verdict:
        await self._call("step", job_id=job_id, step=name, result=result)
        return self.verdicts.get(job_id, Verdict.HELD)

    async def forget_steps(self, *, worker: str, job_id: str, token: int, name: str) -> tuple[Verdict, int]:
        await self._call("forget", job_id=job_id, step=name)
        return self.verdicts.get(job_id, Verdict.HELD), self.output_left

    async def assert_held(self, *, worker: str, job_id: str, token: int) -> Verdict:
        await self._call("hold", job_id=job_id)
        return self.verdicts.get(job_id, Verdict.HELD)

    async def renew(
        self, *, worker: str, held: Sequence[Held], answered: int, free: int, serves: Sequence[Served], digest: str
    ) -> Renewal:
        await self._call("renew", held=held, answered=answered, free=free, digest=digest)
        verdicts = [self.verdicts.get(lease.job_id, Verdict.HELD) for lease in held]
        return Renewal(verdicts=verdicts, announce=self.announce_wanted, seen=self.seen)

    async def announce(self, types: Sequence[JobType], *, only_missing: bool = False) -> None:
        await self._call("announce", types=types)

    async def _call(self, name: str, **arguments: Any) -> None:
        self.calls.append((name, arguments))
        await self.gate.wait()
        await asyncio.sleep(0)
        if happen := self.meanwhile.get(name):
            happen()
        if self.troubles:
            raise self.troubles.pop(0)


def _settle(outcomes: Sequence[Outcome]) -> list[Settled]:
    return [Settled(job_id=one.job_id, verdict=Verdict.HELD, status=AFTER[one.kind]) for one in outcomes]


class SilentBell:
    """Remembers rings."""

    def __init__(self) -> None:
        self.rings: list[Mapping[str, int]] = []
        self.ring: Callable[[Mapping[str, int]], None] = self._ring

    def _ring(self, rings: Mapping[str, int]) -> None:
        if rings:
            self.rings.append(rings)
