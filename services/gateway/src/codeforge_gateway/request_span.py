"""The server span of a request, its line in the log, and the last resort for what nobody else caught."""

from __future__ import annotations

import structlog
from opentelemetry.trace import Span, SpanKind, StatusCode
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from codeforge_common.errors import CodeForgeError
from codeforge_common.telemetry.logging import PROBES
from codeforge_common.telemetry.request_lines import RequestLine, log_request
from codeforge_common.telemetry.tracing import Tracing
from codeforge_gateway.problems import problem

_METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})

_log = structlog.get_logger(__name__)


class RequestSpan:
    """ASGI middleware. Goes on in the caller's trace where it sends a ``traceparent``.

    Ours and not FastAPI's, whose spans carry the whole query. Names and attributes: OpenTelemetry's semantic
    conventions for HTTP server spans, 1.44.
    """

    def __init__(self, app: ASGIApp, *, tracing: Tracing) -> None:
        self._app = app
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in _METHODS else "HTTP"
        parent = Headers(scope=scope).get("traceparent", "")
        attributes = {"http.request.method": method, "url.scheme": scope["scheme"]}
        with self._tracing.span(method, kind=SpanKind.SERVER, parent=parent, attributes=attributes) as span:
            status = await self._serve(scope, receive, send)
            _conclude(span, method=method, route=getattr(scope.get("route"), "path_format", None), status=status)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> int | None:
        """Runs the request; returns the status that it was answered with, None where it wasn't."""
        status: int | None = None

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                log_request(RequestLine(_client(scope), scope["method"], scope["path"], status))
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception:
            _log.exception("a request failed")
            if status is not None:
                raise  # half an answer is out: the server cuts the connection, so that nobody takes it for a whole one
            await problem(CodeForgeError(), path=scope["path"])(scope, receive, sending)
        return status


def _client(scope: Scope) -> str:
    client = scope.get("client")
    return f"{client[0]}:{client[1]}" if client else ""


def _conclude(span: Span, *, method: str, route: str | None, status: int | None) -> None:
    if not span.is_recording():
        return
    if route is not None:
        span.update_name(f"{method} {route}")
        span.set_attribute("http.route", route)
    if status is not None:
        span.set_attribute("http.response.status_code", status)
    if status is None or status >= 500:
        span.set_status(StatusCode.ERROR)
