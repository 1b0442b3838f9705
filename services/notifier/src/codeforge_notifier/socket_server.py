"""python-socketio's server, changed where it would lose order, say too much, or let go too late.

What is overridden has an underscore in python-socketio 5.18; tests/notifier holds on to each of these behaviours.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, MutableMapping
from typing import Any

import socketio
import structlog
from engineio.packet import MESSAGE, Packet
from engineio.payload import Payload

from codeforge_notifier.asgi import Receive, Scope, Send
from codeforge_notifier.engine import Engine
from codeforge_notifier.relay import Relay
from codeforge_notifier.sid import SID

PING_INTERVAL_SECONDS = 20
"""A poll is answered by then at the latest; Heroku gives up on one after 30 s, and on an idle connection after 55 s."""

PING_TIMEOUT_SECONDS = 20

CONNECT_SECONDS = 30.0
"""How long a connection may stay without having said who it is (the JavaScript server gives 45 s)."""

MAX_PAYLOAD_BYTES = 64 * 1024
"""Of a message from a client, which holds a token at most; of one POST when polling."""

MAX_PACKETS = 256
"""In one POST: a polling client sends all its joins in one. python-socketio's own limit, 16, would drop them all."""

_log = structlog.get_logger(__name__)


class SocketServer(socketio.AsyncServer):  # type: ignore[misc]  # socketio has no types
    """One process's Socket.IO server. There is no client manager: each replica emits to its own sockets only."""

    def __init__(self, *, allows_origin: Callable[[str, MutableMapping[str, Any]], bool]) -> None:
        logger = logging.getLogger("codeforge_notifier.socketio")
        logger.setLevel(logging.WARNING)  # at INFO every packet is written out, tokens included
        logger.addFilter(_in_one_line)
        Payload.max_decode_packets = MAX_PACKETS
        super().__init__(
            async_mode="asgi",
            async_handlers=False,  # one client's joins happen one after the other, and a flood of them waits outside
            namespaces=["/"],
            cors_allowed_origins=allows_origin,
            max_http_buffer_size=MAX_PAYLOAD_BYTES,
            ping_interval=PING_INTERVAL_SECONDS,
            ping_timeout=PING_TIMEOUT_SECONDS,
            logger=logger,
            engineio_logger=logger,
        )
        self.relays: dict[str, Relay] = {}
        """By Engine.IO sid; a client that has said who it is has one."""
        self._hanging_up: set[asyncio.Task[None]] = set()

    def hang_up(self, eio_sid: str) -> None:
        """Ends a connection so that its client comes back: Socket.IO's own disconnect would tell it to stay away."""
        task = asyncio.create_task(self.eio.disconnect(eio_sid), name="hang up")
        self._hanging_up.add(task)
        task.add_done_callback(self._hanging_up.discard)

    async def handle_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry. A frame that isn't Engine.IO's comes out of the library as a ValueError."""
        try:
            await super().handle_request(scope, receive, send)
        except ValueError:
            _log.info("hung up on a client that doesn't speak Engine.IO")
            self.hang_up(scope.get(SID, ""))

    async def _handle_eio_connect(self, eio_sid: str, environ: MutableMapping[str, Any]) -> None:
        environ["asgi.scope"][SID] = eio_sid
        asyncio.get_running_loop().call_later(CONNECT_SECONDS, self._hang_up_on_stranger, eio_sid)
        await super()._handle_eio_connect(eio_sid, environ)

    def _hang_up_on_stranger(self, eio_sid: str) -> None:
        if eio_sid not in self.relays:
            self.hang_up(eio_sid)

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        await super()._handle_eio_disconnect(eio_sid, reason)
        self.eio.release(eio_sid)

    async def _handle_eio_message(self, eio_sid: str, data: str | bytes) -> None:
        try:
            await super()._handle_eio_message(eio_sid, data)
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            _log.info("hung up on a client that doesn't speak Socket.IO", error=type(error).__name__)
            self.hang_up(eio_sid)

    async def _handle_event(self, eio_sid: str, namespace: str | None, id: int | None, data: Any) -> None:
        if data[0] in self.reserved_events:
            # The library would call our handlers for connect and disconnect, with what the client makes up.
            raise ValueError("a reserved name")
        await super()._handle_event(eio_sid, namespace, id, data)

    def _engineio_server_class(self) -> type[Engine]:
        return Engine

    async def _send_packet(self, eio_sid: str, pkt: Any) -> None:
        relay = self.relays.get(eio_sid)
        if relay is None:
            await super()._send_packet(eio_sid, pkt)
        else:
            relay.answer(Packet(MESSAGE, pkt.encode()))


def _in_one_line(record: logging.LogRecord) -> bool:
    """A client can provoke the library's errors at will: which one it was, without the traceback."""
    if record.exc_info and record.exc_info[0]:
        record.msg = f"{record.msg} ({record.exc_info[0].__name__})"
        record.exc_info = None
    return True
