"""Blocking handlers: one child process each, never a pool, never on the event loop.

:mod:`codeforge_worker.child` is the program at the other end of the socket. The messages are lines of JSON, each an
object with one of these members:

    worker → child   assignment (once, at the start)   answer (to each question)   stop (when the run is to end)
    child → worker   progress, log, output   the questions step, held   and at the end returned, failed, retry or raised

The assignment with its secrets travels over the socket only: arguments and environments are readable in ``/proc``.
The environment is the worker's without its own secrets (:mod:`codeforge_worker.inheritance`).
"""

from __future__ import annotations

import asyncio
import codecs
import json
import math
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from codeforge_common.cancelling import cancel
from codeforge_common.handler import Cancelled, Fail, Retry
from codeforge_common.handler.context import Assignment, ReportSink
from codeforge_common.handler.outcome import HandlerRaised
from codeforge_common.handler.result import Json
from codeforge_common.handler.steps import Keeper
from codeforge_common.handler.workspace import remove
from codeforge_common.secrets import Redactor
from codeforge_worker.process import GuardedProcess, chunks

LINE_BYTES = 4096
"""Kept of a line that a handler prints."""

_SLACK_BYTES = 64 * 1024
"""What a message may hold besides a result."""

_log = structlog.get_logger(__name__)


class ChildDied(Exception):
    """Raised when a child ended without a word: killed for its memory, say, or a crash in native code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildLimits:
    """``result_bytes``, ``step_bytes``: of a job's result and of a step's, as JSON. ``steps``: of a job.

    ``cancel_seconds``: what a cancelled handler has to end by itself.
    """

    result_bytes: int
    step_bytes: int
    steps: int
    cancel_seconds: float


class BlockingRun:
    """One run of a blocking handler. Any thread may use ``process`` to pause and kill it."""

    def __init__(
        self,
        *,
        handler: str,
        assignment: Assignment,
        sink: ReportSink,
        finished: Mapping[str, str],
        keeper: Callable[[], Keeper],
        redactor: Redactor,
        scratch: Path,
        limits: ChildLimits,
        until: float = math.inf,
    ) -> None:
        """Starts the child. ``handler``: ``module:name`` of the function. ``scratch``: a folder for its workspaces.

        ``finished``: the JSON text of its finished steps. ``keeper``: gives who keeps further ones.
        ``redactor``: knows its secrets.
        ``until``: when it is paused, unless ``process`` is told another time.
        """
        self._sink = sink
        self._give_keeper = keeper
        self._redactor = redactor
        self._limits = limits
        self._scratch = Path(tempfile.mkdtemp(prefix="child-", dir=scratch))
        first = {
            "assignment": {**assignment.facts(), "created_at": assignment.created_at.isoformat()},
            "handler": handler,
            "scratch": str(self._scratch),
            "result_bytes": limits.result_bytes,
            "step_bytes": limits.step_bytes,
            "steps": limits.steps,
            "finished": dict(finished),
        }
        self._to_be_said: list[Mapping[str, Any]] = [first]
        self._writer: asyncio.StreamWriter | None = None
        self._keeper: Keeper | None = None
        self._socket, theirs = socket.socketpair()
        with theirs, ExitStack() as unless_started:
            unless_started.enter_context(self._socket)
            command = [sys.executable, "-m", "codeforge_worker.child", str(theirs.fileno())]
            self.process = GuardedProcess.start(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=[theirs.fileno()], until=until
            )
            unless_started.pop_all()

    async def result(self) -> Any:
        """What the handler returned; raises what it raised. When this ends, nothing of the child is left.

        Cancelled, it asks the handler to stop and kills it after ``cancel_seconds``. Call it once.
        """
        last_word = asyncio.ensure_future(self._converse())
        output = asyncio.ensure_future(self._log_output())
        end = self.process.watch()
        try:
            await asyncio.wait({last_word, end}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self._say({"stop": True})
            await asyncio.wait(
                {last_word, end}, timeout=self._limits.cancel_seconds, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            await self.process.end()
            await asyncio.wait({last_word, output})
            self.process.close()
            await asyncio.to_thread(remove, self._scratch)
        return last_word.result()

    async def _converse(self) -> Any:
        longest = 2 * max(self._limits.result_bytes, self._limits.step_bytes) + _SLACK_BYTES
        reader, self._writer = await asyncio.open_connection(sock=self._socket, limit=longest)
        try:
            for message in self._to_be_said:
                self._say(message)
            return await self._listen(reader)
        finally:
            self._writer.close()

    def _say(self, message: Mapping[str, Any]) -> None:
        if self._writer is None:
            self._to_be_said.append(message)
        else:
            # ASCII, so that a lone surrogate in somebody's text survives.
            self._writer.write(json.dumps(message).encode() + b"\n")

    async def _listen(self, reader: asyncio.StreamReader) -> Any:
        try:
            async for line in reader:
                message = json.loads(line)
                match message:
                    case {"progress": percent, "stage": stage}:
                        self._sink.progress(percent, stage)
                    case {"log": text}:
                        self._sink.log(text)
                    case {"output": text}:
                        self._sink.output(text)
                    case {"step": _} | {"held": _}:
                        await self._answer(message)
                    case _:
                        return _last_word(message)
        except ConnectionError:  # it died with something of ours unread
            pass
        raise ChildDied("The child process of the handler ended without a result.")

    async def _answer(self, question: Mapping[str, Any]) -> None:
        """Answers, unless the child dies before: nobody waits for it then, and the store may be away for long."""
        answer, end = asyncio.ensure_future(self._asked(question)), self.process.watch()
        await asyncio.wait({answer, end}, return_when=asyncio.FIRST_COMPLETED)
        if answer.done() and not answer.cancelled():
            self._say({"answer": answer.result()})
        else:  # the run has lost its job, or the child its life
            self.process.kill()
            await cancel([answer])

    async def _asked(self, question: Mapping[str, Any]) -> Mapping[str, Any]:
        self._keeper = self._keeper or self._give_keeper()
        try:
            match question:
                case {"step": name, "result": text, "private": private}:
                    return {"kept": await self._keeper.keep(name, Json(text), private=private)}
                case _:
                    await self._keeper.assert_held()
                    return {"held": True}
        except Cancelled:  # the child has been told to stop, and goes no further
            return {"held": False}
        except Fail as fail:
            return {"failed": fail.code, "message": fail.message}

    async def _log_output(self) -> None:
        """What the handler prints or logs, line by line, in our log: with the job's id, and redacted."""
        assert self.process.stdout is not None
        rest = b""
        async for chunk in chunks(self.process.stdout):
            *lines, rest = (rest + chunk).split(b"\n")
            rest = rest[: LINE_BYTES + 1]  # whatever comes after that, one byte more shows that the line is cut
            for line in lines:
                _log.info("handler output", line=self._shown(line, cut=len(line) > LINE_BYTES))
        if rest:
            _log.info("handler output", line=self._shown(rest, cut=True))

    def _shown(self, line: bytes, *, cut: bool) -> str:
        if not cut:
            return line.decode(errors="replace")
        text = codecs.getincrementaldecoder("utf-8")("replace").decode(line[:LINE_BYTES])
        # Half of a secret at its end wouldn't be found any more.
        return text[: self._redactor.settled(text, pausing=True)]


def _last_word(message: Mapping[str, Any]) -> Any:
    match message:
        case {"returned": text}:
            return Json(text)
        case {"failed": code, "message": text, "result": result}:
            return Fail(code, text, result=None if result is None else Json(result))
        case {"retry": after, "reason": reason}:
            return Retry(after, reason)
        case {"cancelled": True}:
            raise Cancelled
        case {"raised": text, "traceback": traceback}:
            error = HandlerRaised(text)
            error.add_note(traceback)
            raise error
    raise AssertionError("a message that the protocol doesn't have")
