from __future__ import annotations

from starlette.types import Receive, Scope, Send

from codeforge_common.serving import listen
from codeforge_gateway.server import Server
from tests.plugins.latecomer import Latecomer


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that nobody calls."""


async def test_a_connection_that_comes_as_the_stop_begins_is_sent_away() -> None:
    latecomer = Latecomer()
    latecomer.server = server = Server(nothing, end_streams=latecomer.come)
    server.stop()
    await server.serve(sockets=[listen("127.0.0.1", 0)])
    assert latecomer.sent_away.is_set()
