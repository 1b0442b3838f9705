from __future__ import annotations

import asyncio

from starlette.types import Receive, Scope, Send

from codeforge_common.serving import listen
from codeforge_gateway.server import Server


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that nobody calls."""


class Latecomer:
    """A connection that was accepted when the server had asked all others to close."""

    def __init__(self) -> None:
        self.server: Server
        self.sent_away = 0

    async def come(self) -> None:
        self.server.server_state.connections.add(self)  # type: ignore[arg-type]

    def shutdown(self) -> None:
        self.sent_away += 1
        self.server.server_state.connections.discard(self)


async def test_a_connection_that_comes_as_the_stop_begins_is_sent_away() -> None:
    latecomer = Latecomer()
    latecomer.server = server = Server(nothing, end_streams=latecomer.come)
    server.stop()

    async with asyncio.timeout(15):  # else it takes the 20 s that requests have
        await server.serve_on(listen("127.0.0.1", 0))

    assert latecomer.sent_away == 1
