"""The default namespace: what a client may say, and what it is answered (contract, section 2)."""

from __future__ import annotations

from collections.abc import MutableMapping
from functools import partial
from typing import Any

import structlog
from socketio.exceptions import ConnectionRefusedError as Refused

from codeforge_common.errors import CodeForgeError
from codeforge_common.event_log import AudienceKind, EventTail
from codeforge_common.identity import Identity
from codeforge_common.telemetry.metrics import Metrics
from codeforge_notifier.connection import Connection, named_by
from codeforge_notifier.connections import Connections
from codeforge_notifier.packets import Packets
from codeforge_notifier.relay import Relay
from codeforge_notifier.rooms import requested
from codeforge_notifier.settings import NotifierSettings
from codeforge_notifier.socket_server import SocketServer

Answer = dict[str, Any]

_log = structlog.get_logger(__name__)


class Namespace:
    """Handlers of ``connect``, ``disconnect``, ``join:*`` and ``leave:*``.

    One client's messages are handled one after the other.
    """

    def __init__(
        self,
        server: SocketServer,
        *,
        settings: NotifierSettings,
        tail: EventTail,
        identity: Identity,
        packets: Packets,
        metrics: Metrics,
    ) -> None:
        self._server = server
        self._settings = settings
        self._tail = tail
        self._identity = identity
        self._packets = packets
        self._metrics = metrics
        self._connections = Connections(metrics=metrics, sockets_per_user=settings.sockets_per_user)

    def register(self) -> None:
        """Makes the server call these handlers."""
        self._server.on("connect", self._connect)
        self._server.on("disconnect", self._disconnect)
        for kind in AudienceKind:
            self._server.on(f"join:{kind}", partial(self._join, kind))
            self._server.on(f"leave:{kind}", partial(self._leave, kind))

    async def _connect(self, sid: str, environ: MutableMapping[str, Any], auth: object) -> None:
        try:
            principal = self._identity.of_socket(auth)
            self._connections.check_room_for(principal)
        except CodeForgeError as error:
            raise Refused(str(error), {"code": error.code}) from None
        eio_sid = self._server.manager.eio_sid_from_sid(sid, "/")
        hang_up = partial(self._server.hang_up, eio_sid)
        relay = Relay(
            self._server.eio.sockets[eio_sid],
            tail=self._tail,
            packets=self._packets,
            metrics=self._metrics,
            cut_off=hang_up,
        )
        connection = Connection(
            principal=principal,
            tail=self._tail,
            relay=relay,
            metrics=self._metrics,
            max_rooms=self._settings.joins_per_socket,
            lost=hang_up,
            expired=partial(self._token_ran_out, eio_sid),
        )
        self._connections.add(sid, connection)
        self._server.relays[eio_sid] = relay

    def _token_ran_out(self, eio_sid: str) -> None:
        # The client comes back with a fresh token; with the old one it is refused, and so learns why.
        _log.info("hung up on a client whose token has run out")
        self._server.hang_up(eio_sid)

    async def _disconnect(self, sid: str, reason: str) -> None:
        self._server.relays.pop(self._server.manager.eio_sid_from_sid(sid, "/"), None)
        connection = self._connections.remove(sid)
        if connection is not None:
            connection.close()

    async def _join(self, kind: AudienceKind, sid: str, payload: object = None, *_: object) -> Answer:
        connection = self._connections[sid]
        try:
            request = requested(kind, payload)
            self._connections.name(connection, named_by(request, connection.principal))
            joined = await connection.join(request)
        except CodeForgeError as error:
            return _refusal(error)
        return {"ok": True, "cursor": joined.cursor} | ({"reset": True} if joined.reset else {})

    async def _leave(self, kind: AudienceKind, sid: str, payload: object = None, *_: object) -> Answer:
        try:
            self._connections[sid].leave(requested(kind, payload).room)
        except CodeForgeError as error:
            return _refusal(error)
        return {"ok": True}


def _refusal(error: CodeForgeError) -> Answer:
    return {"ok": False, "error": str(error), "code": error.code}
