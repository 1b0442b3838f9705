"""A TCP proxy between a client and its server that does to the connections what a bad network does."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

import pytest

CHUNK = 65_536


@dataclass(eq=False, kw_only=True)
class _Link:
    """One client's connection and the server's end of it; ``armed`` once a request passed whose reply is to be lost."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter | None = None
    armed: bool = False
    stranded: bool = False
    task: asyncio.Task[None] = field(init=False)

    def abort(self) -> None:
        """Ends both ends at once; what wasn't sent yet is thrown away."""
        for end in (self.client, self.server):
            if end is not None:
                end.transport.abort()
        self.task.cancel()


class FaultProxy:
    """Passes TCP bytes between 127.0.0.1:``port`` and ``target`` until it is told to do worse.

    It runs on an event loop in a thread of its own, so tests with and without a loop use it alike. Each fault is in
    force when its call returns; faults add up, and each stays until it is taken back. Nothing here is random: whoever
    wants chance (a chaos run) rolls its own dice.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        """Host and port of the server; may be changed, e.g. for a failover: new connections go there."""
        self.port = 0
        """Where the proxy listens; 0 before ``start``."""
        self.lost = 0
        """How many replies ``lose_replies`` has swallowed so far."""
        self._links: set[_Link] = set()
        self._refusing = False
        self._delay = 0.0
        self._to_lose = 0
        self._containing = b""
        self.held = 0
        """How many requests ``hold_requests`` has kept back so far."""
        self._held_back = b""

    @classmethod
    def before(cls, url: str) -> FaultProxy:
        """A proxy, not started, to the server in a URL, e.g. ``redis://127.0.0.1:6379``."""
        parts = urlsplit(url)
        assert parts.hostname and parts.port, f"no host and port in {url}"
        return cls((parts.hostname, parts.port))

    def url(self, url: str) -> str:
        """The same URL through the proxy."""
        parts = urlsplit(url)
        user, at, _ = parts.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=f"{user}{at}127.0.0.1:{self.port}"))

    def start(self) -> int:
        """Listens on a free port of 127.0.0.1, and returns it."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault-proxy", daemon=True)
        self._thread.start()
        self._do(self._listen)
        return self.port

    def close(self) -> None:
        """Aborts every connection and stops listening: then connections are refused by the kernel."""
        self._do(self._end)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """Aborts every connection that lives now, at both ends (RST); bytes under way are lost. New ones are served."""
        self._do(self._cut)

    def refuse(self, refusing: bool) -> None:
        """Whether new connections are accepted and aborted at once. Those that live aren't touched."""
        self._do(lambda: setattr(self, "_refusing", refusing))

    def freeze(self) -> None:
        """No byte passes either way any more, and no end learns that the other has closed: half-open connections.

        New connections are accepted and stay silent. What a client sends meanwhile, even one that gives up and closes,
        is kept and reaches the server after ``thaw``, as packets do that a network delivers late; ``cut`` drops it.
        """
        self._do(lambda: self._flowing.clear())

    def thaw(self) -> None:
        """Lets bytes pass again, the kept ones first."""
        self._do(lambda: self._flowing.set())

    def strand(self) -> None:
        """The connections that live now are half-open for good, as if a NAT had forgotten them; new ones are served."""
        self._do(self._strand)

    def delay(self, seconds: float) -> None:
        """Holds each piece of up to 64 KiB, in either direction, for so long; 0 ends it. Order is kept."""
        self._do(lambda: setattr(self, "_delay", seconds))

    def lose_replies(self, count: int, *, containing: bytes = b"") -> None:
        """Loses the replies to the next ``count`` requests that come from now on, each with its connection; 0 ends it.

        A request is a piece of bytes from a client that holds ``containing``, e.g. a script's SHA; its reply is the
        next piece of the server on that connection. The server does get the request and carries it out.
        """
        self._do(lambda: self._set_loss(count, containing))

    def hold_requests(self, *, containing: bytes) -> None:
        """Keeps back, for good, each piece of bytes from a client that holds ``containing``; nothing ends it.

        The client waits for its reply; whoever kills it then knows that the server hasn't got the request.
        """
        self._do(lambda: setattr(self, "_held_back", containing))

    def _do(self, act: Callable[[], object]) -> None:
        """Runs ``act`` on the proxy's loop and waits for it; what it returns is awaited if need be."""

        async def on_loop() -> None:
            result = act()
            if asyncio.iscoroutine(result):
                await result

        asyncio.run_coroutine_threadsafe(on_loop(), self._loop).result(10)

    def _set_loss(self, count: int, containing: bytes) -> None:
        self._to_lose, self._containing = count, containing
        for link in self._links:
            link.armed = False

    def _strand(self) -> None:
        for link in self._links:
            link.stranded = True

    async def _listen(self) -> None:
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _end(self) -> None:
        self._server.close()
        await self._cut()

    async def _cut(self) -> None:
        links = list(self._links)
        for link in links:
            link.abort()
        await asyncio.gather(*(link.task for link in links), return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = _Link(client=writer)
        link.task = asyncio.get_running_loop().create_task(self._serve(link, reader))
        self._links.add(link)

    async def _serve(self, link: _Link, from_client: asyncio.StreamReader) -> None:
        try:
            if self._refusing:
                return
            from_server, link.server = await asyncio.open_connection(*self.target)
            up = asyncio.ensure_future(self._pump(link, from_client, link.server, up=True))
            down = asyncio.ensure_future(self._pump(link, from_server, link.client, up=False))
            try:
                await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
            finally:
                up.cancel()
                down.cancel()
                await asyncio.gather(up, down, return_exceptions=True)
        except OSError:
            pass  # the server is away: so is the connection
        finally:
            self._links.discard(link)
            link.abort()

    async def _pump(self, link: _Link, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, up: bool) -> None:
        """Passes one direction until either end closes."""
        while True:
            piece = await source.read(CHUNK)
            if self._delay:
                await asyncio.sleep(self._delay)
            await self._flowing.wait()
            if link.stranded:
                await asyncio.Event().wait()
            if not piece:
                return
            if up and self._held_back and self._held_back in piece:
                self.held += 1
                await asyncio.Event().wait()
            if up:
                link.armed = link.armed or (self._to_lose > 0 and self._containing in piece)
            elif link.armed and self._to_lose > 0:
                self._to_lose -= 1
                self.lost += 1
                return
            sink.write(piece)
            await sink.drain()


@pytest.fixture
def new_proxy() -> Iterator[Callable[[str], FaultProxy]]:
    """Makes started proxies: ``new_proxy("redis://127.0.0.1:6379")``; they end with the test."""
    proxies: list[FaultProxy] = []

    def make(url: str) -> FaultProxy:
        proxy = FaultProxy.before(url)
        proxy.start()
        proxies.append(proxy)
        return proxy

    yield make
    for proxy in proxies:
        proxy.close()
