"""Engine.IO's server, changed where it ends connections: so that clients come back, and nobody is waited for."""

from __future__ import annotations

import engineio


class Engine(engineio.AsyncServer):  # type: ignore[misc]  # engineio has no types
    """The layer below Socket.IO: polls and websockets."""

    async def disconnect(self, sid: str | None = None) -> None:
        """Hangs up on a client, or on all. It finds its transport closed, or its next poll refused, and reconnects.

        The library would send a CLOSE packet, after which python-socketio's client stays away, and then wait until
        the client has fetched it, which it may never do.
        """
        sockets = list(self.sockets.values()) if sid is None else [self.sockets.get(sid)]
        for socket in sockets:
            if socket is not None:
                await socket.close(wait=False, abort=True)

    def release(self, sid: str) -> None:
        """Ends the writer of a closed websocket, and a poll under way, which the library would let wait for 40 s."""
        socket = self.sockets.get(sid)
        if socket is not None:
            socket.queue.put_nowait(None)
