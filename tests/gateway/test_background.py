from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from codeforge_gateway.background import BackgroundFailed, serve_beside


class Server:
    """Serves until it is told to stop."""

    def __init__(self) -> None:
        self.told = asyncio.Event()

    @property
    def should_exit(self) -> bool:
        return self.told.is_set()

    @should_exit.setter
    def should_exit(self, value: bool) -> None:
        self.told.set()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        async with asyncio.timeout(10):
            await self.told.wait()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as listener:
        yield listener


async def forever() -> None:
    await asyncio.Event().wait()


async def broken() -> None:
    raise RuntimeError("unheard of")


async def over() -> None:
    pass


async def test_loops_end_with_the_server(listener: socket.socket) -> None:
    server = Server()
    asyncio.get_running_loop().call_soon(server.told.set)
    with capture_logs() as said:
        await serve_beside({"watch": forever()}, server=server, listener=listener)
    assert said == []


async def test_a_loop_that_fails_stops_the_server_and_is_logged_once(listener: socket.socket) -> None:
    with capture_logs() as said, pytest.raises(BackgroundFailed):
        await serve_beside({"watch": forever(), "reaper": broken()}, server=Server(), listener=listener)
    (line,) = said
    assert (line["log_level"], line["task"], str(line["exc_info"])) == ("critical", "reaper", "unheard of")


async def test_a_loop_that_is_over_is_as_bad(listener: socket.socket) -> None:
    with capture_logs() as said, pytest.raises(BackgroundFailed):
        await serve_beside({"reaper": over()}, server=Server(), listener=listener)
    assert [line["task"] for line in said] == ["reaper"]
