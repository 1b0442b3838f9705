"""HEAD wherever GET is served: the same headers and no content (RFC 9110, section 9.3.2)."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class _Answered(Exception):
    """Ends a GET that would go on to send, such as a stream."""


class Head:
    """ASGI middleware. Asks the application for what GET would answer, and keeps the content back."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b""})
            elif message.get("more_body"):
                raise _Answered

        # A copy, because the server looks into its own for whether a content may follow.
        asked = {**scope, "method": "GET"}
        try:
            await self._app(asked, receive, sending)
        except _Answered:
            pass
        finally:
            scope.update({**asked, "method": "HEAD"})  # the route, which the span is named after
