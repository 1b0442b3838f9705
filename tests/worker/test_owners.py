from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from codeforge_common.handler.outcome import HandlerExited
from codeforge_worker.lease import Lease
from codeforge_worker.owners import TaskOwners
from tests.worker.leases import RecordingLease


@pytest.fixture
async def owners() -> TaskOwners:
    return TaskOwners(asyncio.get_running_loop())


def nothing(task: asyncio.Task[Any]) -> None:
    """What follows a run's end isn't looked at here."""


def seen_from_another_thread(owners: TaskOwners) -> Sequence[Lease]:
    """Whose code the loop is in; blocks the loop meanwhile, as a hanging handler does."""
    seen: list[Sequence[Lease]] = []
    thread = threading.Thread(target=lambda: seen.append(owners.current()))
    thread.start()
    thread.join()
    return seen[0]


async def test_a_run_s_tasks_and_theirs_are_known(owners: TaskOwners) -> None:
    leases = [RecordingLease(job_id=job_id) for job_id in ("one", "another of its batch")]

    async def inner() -> Sequence[Lease]:
        return seen_from_another_thread(owners)

    async def outer() -> list[Sequence[Lease]]:
        return [seen_from_another_thread(owners), await asyncio.create_task(inner())]

    brood = owners.brood(leases)
    assert await brood.start(outer(), ended=nothing) == [leases, leases]


async def test_what_is_nobody_s_is_nobody_s(owners: TaskOwners) -> None:
    owners.brood([RecordingLease()])
    assert not seen_from_another_thread(owners)


async def test_a_task_of_a_run_that_exits_fails_alone(owners: TaskOwners) -> None:
    async def exits() -> None:
        sys.exit(3)

    async def run() -> BaseException | None:
        (error,) = await asyncio.gather(asyncio.create_task(exits()), return_exceptions=True)
        return error

    assert isinstance(await owners.brood([RecordingLease()]).start(run(), ended=nothing), HandlerExited)


async def test_what_a_run_leaves_behind_ends_with_it(owners: TaskOwners) -> None:
    brood = owners.brood([RecordingLease()])
    left: list[asyncio.Task[None]] = []

    async def forget() -> None:
        left.append(asyncio.create_task(asyncio.Event().wait()))  # type: ignore[arg-type]
        await brood.end()

    await brood.start(forget(), ended=nothing)
    assert left[0].cancelled()


async def test_a_cancel_meanwhile_does_not_leave_half_of_it(owners: TaskOwners) -> None:
    brood = owners.brood([RecordingLease()])
    release, tidying = asyncio.Event(), asyncio.Event()

    async def tidy_up_slowly() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            tidying.set()
            await release.wait()

    async def run() -> str:
        left = asyncio.create_task(tidy_up_slowly())
        await asyncio.sleep(0)
        await brood.end()
        assert left.done()
        return "what it had to say"

    task = brood.start(run(), ended=nothing)
    await tidying.wait()
    task.cancel()
    await asyncio.sleep(0)
    release.set()
    assert await task == "what it had to say"
