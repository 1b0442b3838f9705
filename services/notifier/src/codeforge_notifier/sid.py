"""``X-Sid``: the Engine.IO session id of a handshake, where a proxy can see it.

Long polling must come back to the process that holds the session. A cookie fails for clients without a jar, so the
proxy learns the id from this header and sends ``?sid=…`` to the same place (architecture: Stickiness).
"""

from __future__ import annotations

from codeforge_notifier.asgi import ASGIApp, Message, Receive, Scope, Send

SID = "codeforge_notifier.sid"
"""Where the socket server leaves a new session's id in the scope of its handshake."""


def with_sid(app: ASGIApp) -> ASGIApp:
    """``app``, with the header on the answers to its handshakes: a poll's, and a websocket's acceptance."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.accept") and SID in scope:
                message = {**message, "headers": [*message.get("headers", ()), (b"x-sid", scope[SID].encode())]}
            await send(message)

        await app(scope, receive, sending)

    return wrapped
