from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from codeforge_local import keeper
from codeforge_local.keeper import GaveUp
from codeforge_local.service import Service
from codeforge_local.supervisor import Supervisor
from tests.local.conftest import Notes

MakeService = Callable[..., Service]


@asynccontextmanager
async def running(supervisor: Supervisor) -> AsyncIterator[asyncio.Task[None]]:
    """The supervisor, everything ready."""
    task = asyncio.create_task(supervisor.run())
    everything = [*supervisor.server, *supervisor.services]
    try:
        async with asyncio.timeout(15):
            for each in everything:
                await each.ready.wait()
        yield task
    finally:
        if not task.done():
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.wait_for(task, 15)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_ends_services_first_and_the_server_last(
    fake: MakeService, notes: Notes, number: signal.Signals
) -> None:
    supervisor = Supervisor(server=fake("store"), services=(fake("edge"), fake("worker")))
    async with running(supervisor) as task:
        os.kill(os.getpid(), number)
        await asyncio.wait_for(task, 10)

    ended = [line.split()[0] for line in notes.lines() if line.endswith("ended")]
    server_port = supervisor.server[0].service.command[2]
    assert len(ended) == 3
    assert ended[-1] == server_port


async def test_the_server_is_ready_before_the_services_start(fake: MakeService, notes: Notes) -> None:
    supervisor = Supervisor(server=fake("store"), services=(fake("edge"),))
    async with running(supervisor):
        ports = [line.split()[0] for line in notes.lines() if " started " in line]

    assert ports == [each.service.command[2] for each in (*supervisor.server, *supervisor.services)]


async def test_everything_stays_in_our_session_but_not_in_our_process_group(fake: MakeService, notes: Notes) -> None:
    async with running(Supervisor(server=None, services=(fake("worker"),))):
        (pid,) = notes.pids()
        assert os.getsid(pid) == os.getsid(0)
        assert os.getpgid(pid) == pid


async def test_a_second_ctrl_c_doesnt_wait(fake: MakeService) -> None:
    async with running(Supervisor(server=None, services=(fake("worker", "--deaf"),))) as task:
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(0)
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.wait_for(task, 10)


async def test_a_service_that_was_given_up_ends_the_others(
    fake: MakeService, notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "FIRST_PAUSE", 0.01)
    supervisor = Supervisor(server=fake("store"), services=(fake("edge", "--broken"),))

    with pytest.raises(GaveUp):
        await asyncio.wait_for(supervisor.run(), 20)
    assert notes.lines()[-1].endswith("ended")
