"""The notifier as an ASGI application: wiring only."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import socketio

from codeforge_common.event_log import EventTail
from codeforge_common.identity import Identity
from codeforge_common.telemetry.metrics import Metrics
from codeforge_common.telemetry.tracing import Tracing
from codeforge_notifier.asgi import Receive, Scope, Send
from codeforge_notifier.door import with_door
from codeforge_notifier.namespace import Namespace
from codeforge_notifier.packets import Packets
from codeforge_notifier.settings import NotifierSettings
from codeforge_notifier.sid import with_sid
from codeforge_notifier.socket_server import SocketServer


class NotifierApp:
    """Serves ``/socket.io``; 404 for the rest. It has no lifespan; before its server stops, call :meth:`hang_up`."""

    def __init__(self, server: SocketServer, *, identity: Identity) -> None:
        self._server = server
        self._app = with_door(with_sid(socketio.ASGIApp(server, socketio_path="socket.io")), identity=identity)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    async def hang_up(self) -> None:
        """Ends every connection, so that the clients come back: to another process, or to the next one."""
        await self._server.eio.disconnect()


def build_app(
    *, settings: NotifierSettings, tail: EventTail, identity: Identity, metrics: Metrics, tracing: Tracing
) -> NotifierApp:
    """The application. Whoever calls starts and ends ``tail``, which may be shared."""

    def allows_origin(origin: str, environ: MutableMapping[str, Any]) -> bool:
        return identity.allows_origin(origin, host=environ.get("HTTP_HOST"))

    server = SocketServer(allows_origin=allows_origin)
    Namespace(
        server,
        settings=settings,
        tail=tail,
        identity=identity,
        packets=Packets(tracing=tracing),
        metrics=metrics,
    ).register()
    return NotifierApp(server, identity=identity)
