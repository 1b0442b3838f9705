"""The forced end of a stop: only what can't go on is handed back. The rest of it is shown by real workers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from codeforge_common.queue import Bell
from codeforge_common.store import Outcome, OutcomeKind, Served, Store
from codeforge_worker import shutdown
from codeforge_worker.claimer import Claimer
from codeforge_worker.lease import Lease, Leases
from codeforge_worker.lifeline import Lifeline
from codeforge_worker.renewal import Identity
from codeforge_worker.shutdown import Shutdown
from tests.worker.fake_store import FakeStore
from tests.worker.leases import RecordingLease


class Immortal(RecordingLease):
    """A child that even force doesn't end, as one that waits for a disk that is gone."""

    def kill(self, *, timeout: float) -> bool:
        super().kill(timeout=timeout)
        return False


class ClosingStore(FakeStore):
    """It also hears a last call."""

    async def close_worker(self, *, worker: str, serves: Sequence[Served]) -> tuple[Sequence[str], Mapping[str, int]]:
        await self._call("close")
        return [], {}


class Thread(Lifeline):
    """A lifeline that has nothing to do but to pass calls on."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._executor = ThreadPoolExecutor(max_workers=1)

    def call(self, ask: Callable[[Store], Awaitable[Any]]) -> Future[Any]:
        async def answer() -> Any:
            return await ask(self._store)

        return self._executor.submit(lambda: asyncio.run(answer()))


class NothingUnsettled(Claimer):
    def __init__(self) -> None:
        self._never = asyncio.Event()

    def unsettled(self) -> Sequence[Outcome]:
        return []

    async def next_release(self) -> None:
        await self._never.wait()


class Silent(Bell):
    def __init__(self) -> None:
        pass

    def ring(self, rings: Mapping[str, int], *, traceparent: str | None = None, forwarded: bool = False) -> None:
        pass

    def close(self, *, timeout: float = 2.0) -> None:
        pass


async def forced(leases: list[Lease], monkeypatch: pytest.MonkeyPatch) -> ClosingStore:
    """What the store hears of a worker that holds these, when none of them ends."""
    monkeypatch.setattr(shutdown, "FORCE_SECONDS", 0)
    store, codes = ClosingStore(), list[int]()
    held = Leases(slots=len(leases))
    held.answered(1, leases)
    stop = Shutdown(
        identity=Identity(worker="worker", types=[], serves=[]),
        leases=held,
        lifeline=Thread(store),
        claimer=NothingUnsettled(),
        bell=Silent(),
        grace_seconds=0,
        rescue=lambda store: pytest.fail("its loop doesn't hang"),
        end_process=codes.append,
    )
    await stop.let_runs_end()
    assert codes == [0]
    return store


async def test_what_has_ended_by_force_is_handed_back_with_the_last_call(monkeypatch: pytest.MonkeyPatch) -> None:
    child = RecordingLease(pausable=True)
    with capture_logs() as lines:
        store = await forced([child, RecordingLease()], monkeypatch)
    assert lines[0] == {"event": "waiting for running jobs to finish", "log_level": "info", "jobs": 2, "seconds": 0}
    assert child.told.count("kill") == 2
    assert [name for name, _ in store.calls] == ["close"]


async def test_what_goes_on_all_the_same_is_left_to_its_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    alive = Immortal(job_id="alive", pausable=True)
    dead = RecordingLease(job_id="dead", pausable=True)
    waits = RecordingLease(job_id="waits")
    store = await forced([alive, dead, waits], monkeypatch)
    (told,) = store.asked("settle")
    outcomes = cast(Sequence[Outcome], told["outcomes"])
    assert {one.job_id for one in outcomes} == {"dead", "waits"}
    assert {one.kind for one in outcomes} == {OutcomeKind.HANDED_BACK}
    assert store.asked("close") == []
