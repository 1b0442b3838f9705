"""The proxy does what it says: other tests believe it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from tests.plugins.fault_proxy import FaultProxy
from tests.plugins.waiting import wait_for

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Connection]]


@dataclass(kw_only=True)
class Echo:
    """A server that answers each piece with itself and keeps what it got."""

    received: list[bytes] = field(default_factory=list)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(100):
            self.received.append(piece)
            writer.write(piece)
        writer.close()


@pytest.fixture
async def echo() -> AsyncIterator[Echo]:
    """An echo on loopback."""
    echo = Echo()
    server = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
    echo.url = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield echo
    server.close()


@pytest.fixture
def proxy(echo: Echo, new_proxy: Callable[[str], FaultProxy]) -> FaultProxy:
    """A proxy before the echo."""
    return new_proxy(echo.url)


@pytest.fixture
async def connect(proxy: FaultProxy) -> AsyncIterator[Connect]:
    """Opens connections through the proxy, and closes them after the test."""
    writers: list[asyncio.StreamWriter] = []

    async def open_one() -> Connection:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writers.append(writer)
        return reader, writer

    yield open_one
    for writer in writers:
        writer.transport.abort()


async def answer(connection: Connection, question: bytes) -> bytes:
    """What comes back; ``b""`` where the connection has ended."""
    reader, writer = connection
    writer.write(question)
    try:
        return await asyncio.wait_for(reader.read(100), 30)
    except ConnectionError:
        return b""


async def test_bytes_pass_both_ways_and_a_close_passes_too(connect: Connect) -> None:
    connection = await connect()
    assert await answer(connection, b"hello") == b"hello"
    connection[1].write_eof()
    assert await asyncio.wait_for(connection[0].read(), 30) == b""


async def test_a_cut_ends_the_living_and_serves_the_next(proxy: FaultProxy, connect: Connect) -> None:
    connection = await connect()
    await answer(connection, b"hello")
    proxy.cut()
    assert await answer(connection, b"again") == b""
    assert await answer(await connect(), b"new") == b"new"


async def test_refused_connections_end_at_once(proxy: FaultProxy, connect: Connect) -> None:
    living = await connect()
    await answer(living, b"hello")
    proxy.refuse(True)
    assert await answer(await connect(), b"new") == b""
    assert await answer(living, b"again") == b"again"
    proxy.refuse(False)
    assert await answer(await connect(), b"new") == b"new"


async def test_frozen_connections_are_half_open(proxy: FaultProxy, echo: Echo, connect: Connect) -> None:
    reader, writer = await connect()
    await answer((reader, writer), b"hello")
    proxy.freeze()
    late = await connect()
    for end in (writer, late[1]):
        end.write(b"late")
    writer.close()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(late[0].read(100), 0.3)
    assert echo.received == [b"hello"]

    proxy.thaw()
    assert await asyncio.wait_for(late[0].read(100), 30) == b"late"
    await wait_for(lambda: echo.received == [b"hello", b"late", b"late"], within=30, what="the abandoned request")


async def test_stranded_connections_stay_silent_and_new_ones_are_served(
    proxy: FaultProxy, echo: Echo, connect: Connect
) -> None:
    old = await connect()
    await answer(old, b"hello")
    proxy.strand()
    old[1].write(b"lost")
    assert await answer(await connect(), b"new") == b"new"
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(old[0].read(100), 0.3)
    assert echo.received == [b"hello", b"new"]


async def test_a_cut_drops_what_a_freeze_kept(proxy: FaultProxy, echo: Echo, connect: Connect) -> None:
    _, writer = await connect()
    proxy.freeze()
    writer.write(b"lost")
    proxy.cut()
    proxy.thaw()
    assert await answer(await connect(), b"new") == b"new"
    assert echo.received == [b"new"]


async def test_a_delay_holds_each_direction(proxy: FaultProxy, connect: Connect) -> None:
    connection = await connect()
    await answer(connection, b"hello")
    proxy.delay(0.2)
    begun = time.monotonic()
    assert await answer(connection, b"slow") == b"slow"
    assert time.monotonic() - begun >= 0.4


async def test_lost_replies_come_after_the_request(proxy: FaultProxy, echo: Echo, connect: Connect) -> None:
    proxy.lose_replies(2, containing=b"claim")
    connection = await connect()
    assert await answer(connection, b"renew") == b"renew"
    assert await answer(connection, b"claim 1") == b""
    assert await answer(await connect(), b"claim 2") == b""
    assert await answer(await connect(), b"claim 3") == b"claim 3"
    assert echo.received == [b"renew", b"claim 1", b"claim 2", b"claim 3"]
    assert proxy.lost == 2
