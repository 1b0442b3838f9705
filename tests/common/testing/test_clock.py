from __future__ import annotations

import asyncio
import socket
import sys
import time
from collections.abc import Coroutine
from typing import Any

import pytest

from codeforge_common.testing.clock import ClockLoop


def on_the_clock(work: Coroutine[Any, Any, Any]) -> tuple[Any, float]:
    """What ``work`` returns, and the seconds that it took on the loop's clock."""
    loop = ClockLoop()
    try:
        loop.main = loop.create_task(work)
        value = loop.run_until_complete(loop.main)
        loop.run_until_complete(loop.shutdown_default_executor())
        return value, loop.time()
    finally:
        loop.close()


def test_sleeping_takes_its_time_on_the_clock_only() -> None:
    async def work() -> list[str]:
        order: list[str] = []

        async def sleep(seconds: float, name: str) -> None:
            await asyncio.sleep(seconds)
            order.append(name)

        await asyncio.gather(sleep(7200, "second"), sleep(3600, "first"), sleep(400 * 86_400, "third"))
        return order

    order, seconds = on_the_clock(work())
    assert order == ["first", "second", "third"]
    assert seconds == pytest.approx(400 * 86_400)


def test_a_timeout_comes_when_nothing_else_does() -> None:
    async def work() -> bool:
        try:
            async with asyncio.timeout(3600):
                await asyncio.Event().wait()
        except TimeoutError:
            return True
        return False

    assert on_the_clock(work()) == (True, 3600)


def test_a_thread_is_waited_for() -> None:
    async def work() -> str:
        async with asyncio.timeout(60):
            await asyncio.to_thread(time.sleep, 0.05)
        return "done"

    value, seconds = on_the_clock(work())
    assert value == "done"
    assert 0.04 < seconds < 60


def test_a_program_is_waited_for() -> None:
    async def work() -> int | None:
        program = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
        async with asyncio.timeout(60):
            return await program.wait()

    value, seconds = on_the_clock(work())
    assert value == 0
    assert 0 < seconds < 60


def test_a_socket_is_waited_for() -> None:
    async def work() -> bytes:
        ours, theirs = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=ours)

        def answer() -> None:
            time.sleep(0.05)
            theirs.send(b"hello")

        answering = asyncio.to_thread(answer)
        task = asyncio.create_task(answering)
        async with asyncio.timeout(60):
            data = await reader.read(5)
        await task
        writer.close()
        await writer.wait_closed()
        theirs.close()
        return data

    value, seconds = on_the_clock(work())
    assert value == b"hello"
    assert seconds < 60


@pytest.mark.parametrize("apart", [False, True])
def test_hours_of_polling_over_an_idle_connection_take_none(apart: bool) -> None:
    async def work() -> None:
        if apart:
            await asyncio.create_task(poll_for_main())
        else:
            await poll()

    async def poll_for_main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, ClockLoop)
        with loop.for_main():
            await poll()

    async def poll() -> None:
        ours, theirs = socket.socketpair()
        _, writer = await asyncio.open_connection(sock=ours)
        for _ in range(3):
            await pause()
        writer.close()
        await writer.wait_closed()
        theirs.close()

    async def pause() -> None:
        await asyncio.sleep(3600)

    _, seconds = on_the_clock(work())
    assert seconds >= 3 * 3600
