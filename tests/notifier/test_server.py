from __future__ import annotations

from codeforge_common.serving import listen
from codeforge_notifier.server import Server
from tests.plugins.latecomer import Latecomer


async def nothing(scope: object, receive: object, send: object) -> None:
    """An application that nobody calls."""


async def test_a_connection_that_comes_as_the_stop_begins_is_sent_away() -> None:
    latecomer = Latecomer()
    latecomer.server = server = Server(nothing, hang_up=latecomer.come)
    server.stop()
    await server.serve(sockets=[listen("127.0.0.1", 0)])
    assert latecomer.sent_away.is_set()
