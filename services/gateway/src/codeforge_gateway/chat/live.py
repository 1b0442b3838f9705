"""An answer sent while it comes into being, as Server-Sent Events.

``chat:delta`` ``{text}`` for what has come, then ``chat:done`` with what a JSON answer holds as ``data``, or
``chat:error`` with the problem, in it ``retryAfter`` (seconds) where a plain answer has ``Retry-After``.
Format: WHATWG HTML, section 9.2 (server-sent events).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from typing import Any

import structlog
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from codeforge_common.errors import CodeForgeError
from codeforge_gateway.chat.chat import Answer, Say
from codeforge_gateway.problems import retry_after
from codeforge_gateway.views import json_bytes

DELTA, DONE, ERROR = "chat:delta", "chat:done", "chat:error"

PING_SECONDS = 5.0
"""Silence after which a comment is sent. Far below what proxies allow: behind one of them a client that went away may
be noticed only by what is sent to it (with the second comment), and the model's call costs money until then."""

_log = structlog.get_logger(__name__)


class Live:
    """One answer under way. As a context it ends with the block: whoever doesn't listen any more costs nothing.

    ``answering`` is called with what is to hear the pieces.
    """

    def __init__(self, answering: Callable[[Say], Coroutine[Any, Any, Answer]]) -> None:
        self._pieces: list[str] = []
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(answering(self._hear))
        self._task.add_done_callback(self._ended)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc_info: object) -> None:
        self.end()

    def end(self) -> None:
        """Ends the answer, if it is still under way."""
        self._task.cancel()

    async def began(self, *, within: float) -> None:
        """Returns with the first piece, at the end, or after ``within`` seconds. Raises what ended it before."""
        await self._waited(within)
        if self._task.done() and not self._pieces:
            self._task.result()

    async def frames(
        self,
        *,
        done: Callable[[Answer], Any],
        failed: Callable[[CodeForgeError], Mapping[str, Any]],
        ping: float = PING_SECONDS,
    ) -> AsyncIterator[bytes]:
        """The stream's bytes. ``done`` and ``failed`` make the JSON of the last event; ``ping``: seconds of silence."""
        yield KEEPALIVE_COMMENT
        while True:
            changed = await self._waited(ping)
            if text := "".join(self._pieces):
                self._pieces.clear()
                yield _frame(DELTA, {"text": text})
            elif self._task.done():
                break
            elif not changed:
                yield KEEPALIVE_COMMENT
        try:
            yield _frame(DONE, done(self._task.result()))
        except CodeForgeError as error:
            yield _frame(ERROR, _with_pause(failed(error), error))
        except Exception:  # the head is out, and a cut connection would say less
            _log.exception("a chat failed")
            unknown = CodeForgeError()
            yield _frame(ERROR, _with_pause(failed(unknown), unknown))

    def _hear(self, piece: str) -> None:
        self._pieces.append(piece)
        self._changed.set()

    def _ended(self, task: asyncio.Task[Answer]) -> None:
        self._changed.set()
        if not task.cancelled():
            task.exception()  # seen, also where nobody listens any more

    async def _waited(self, seconds: float) -> bool:
        """Whether something came, or the end, within so many seconds."""
        if not self._pieces and not self._task.done():
            self._changed.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self._changed.wait()
            except TimeoutError:
                return False
        return True


def _with_pause(problem: Mapping[str, Any], error: CodeForgeError) -> Mapping[str, Any]:
    """``problem`` with what a plain answer's header says; a stream's head is out."""
    pause = retry_after(error)
    return problem if pause is None else {**problem, "retryAfter": pause}


def _frame(event: str, data: Any) -> bytes:
    return format_sse_event(event=event, data_str=json_bytes(data).decode())
