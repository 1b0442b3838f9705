"""Who is let in at all, before anything is read: the host that was asked for, and the page that asks."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from codeforge_common.errors import CodeForgeError
from codeforge_common.identity import Identity
from codeforge_common.telemetry.logging import PROBES
from codeforge_gateway.errors import HostNotAllowed, OriginNotAllowed
from codeforge_gateway.problems import problem

_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Door:
    """ASGI middleware. Refuses other hosts than ``ALLOWED_HOSTS`` (development mode), and changes by foreign pages.

    A page's browser sends some changes (a retry, which has no body) without asking first; CORS only keeps it from
    reading the answer.
    """

    def __init__(self, app: ASGIApp, *, identity: Identity) -> None:
        self._app = app
        self._identity = identity

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self._app(scope, receive, send)
            return
        error = self._refusal(scope)
        if error is None:
            await self._app(scope, receive, send)
        else:
            await problem(error, path=scope["path"])(scope, receive, send)

    def _refusal(self, scope: Scope) -> CodeForgeError | None:
        headers = Headers(scope=scope)
        host = headers.get("host")
        if not self._identity.allows_host(host):
            return HostNotAllowed("This host isn't answered to; ALLOWED_HOSTS lists those that are.")
        if scope["method"] in _READING or self._identity.allows_origin(headers.get("origin"), host=host):
            return None
        return OriginNotAllowed("Pages of this origin may not call; CORS_ORIGINS lists those that may.")
