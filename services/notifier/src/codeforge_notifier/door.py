"""Which hosts are answered to at all: in development mode only those of ``ALLOWED_HOSTS``, against DNS rebinding."""

from __future__ import annotations

from codeforge_common.identity import Identity
from codeforge_notifier.asgi import ASGIApp, Receive, Scope, Send, header

_REFUSAL = b'{"code":"host_not_allowed","message":"This host isn\'t answered to; ALLOWED_HOSTS lists those that are."}'


def with_door(app: ASGIApp, *, identity: Identity) -> ASGIApp:
    """``app``, for requests and websockets to an allowed host; 403 for others."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if identity.allows_host(header(scope, b"host")):
            await app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close"})  # before it was accepted: the server answers 403
        else:
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(_REFUSAL)).encode())]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": _REFUSAL})

    return wrapped
