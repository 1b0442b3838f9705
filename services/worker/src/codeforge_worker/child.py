"""The program that runs one blocking handler: ``python -m codeforge_worker.child SOCKET``.

Started by :mod:`codeforge_worker.blocking` (the messages are described there), below a guard that keeps signals away
from it and ends it, and whatever it started, with the worker. It imports little, because every run waits for it; what
the handler prints or logs, the worker puts into its own log.
"""

from __future__ import annotations

import importlib
import json
import operator
import os
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from codeforge_common.handler import BlockingContext, Cancelled, Fail, Retry
from codeforge_common.handler.context import ReportSink
from codeforge_common.handler.outcome import explain
from codeforge_common.handler.result import encode
from codeforge_common.handler.steps import Keeper, Steps
from codeforge_worker import cutting

LINE_LENGTH = 8192
"""Characters of a line that are passed on (the worker cuts it to what is kept), and of output in one message."""

TRACEBACK_LENGTH = 16_384
"""Characters of a traceback that are passed on, from its end."""


class Worker(ReportSink, Keeper):
    """The worker, at the other end of the socket.

    ``step_bytes``: of a step's result as JSON. ``secrets``: the job's.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lines = connection.makefile("rb")
        self._sending = threading.Lock()
        self._asking = threading.Lock()
        self._heard: SimpleQueue[Mapping[str, Any]] = SimpleQueue()
        self.step_bytes = 0
        self.secrets: Collection[str] = ()
        self.stop_asked = threading.Event()

    def hear(self) -> Mapping[str, Any] | None:
        """The next message; None when the worker is gone."""
        line = self._lines.readline()
        message: dict[str, Any] | None = json.loads(line) if line else None
        return message

    def listen(self) -> None:
        """Hears until the worker is gone, and ends the process then: nobody else might, if its guard is dead too."""
        try:
            while (message := self.hear()) is not None:
                if "stop" in message:
                    self.stop_asked.set()
                self._heard.put(message)
        finally:
            os._exit(1)

    def say(self, **message: Any) -> None:
        """Sends one message. Any thread may."""
        line = json.dumps(message, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        with self._sending:
            self._connection.sendall(line)

    def progress(self, percent: float, stage: str | None) -> None:
        """Passes it on."""
        self.say(progress=_sendable(percent), stage=None if stage is None else self._short(str(stage)))

    def log(self, text: str) -> None:
        """Passes it on, line by line."""
        for line in str(text).splitlines() or [""]:
            self.say(log=self._short(line))

    def output(self, text: str) -> None:
        """Passes it on, in pieces."""
        text = str(text)
        for start in range(0, len(text), LINE_LENGTH):
            self.say(output=text[start : start + LINE_LENGTH])

    async def keep(self, name: str, result: Any, *, private: bool = False) -> str:
        """Has the worker keep it; blocks."""
        text = encode(result, max_bytes=self.step_bytes, kind="step_result")
        answer = self.ask(step=name, result=text, private=private)
        kept: str = answer["kept"]
        return kept

    async def assert_held(self) -> None:
        """Has the worker ask; blocks. Where the job is lost, there is no answer: this process ends."""
        self.ask(held=None)

    def ask(self, **question: Any) -> Mapping[str, Any]:
        """The worker's answer. Raises Fail, and Cancelled where the run is to stop."""
        with self._asking:
            self.say(**question)
            message = self._heard.get()
        if self.stop_asked.is_set():
            raise Cancelled
        answer: Mapping[str, Any] = message["answer"]
        if "failed" in answer:
            raise Fail(answer["failed"], answer["message"])
        return answer

    def _short(self, line: str) -> str:
        return cutting.beginning(line, LINE_LENGTH, secrets=self.secrets)


def _sendable(percent: Any) -> float | str:
    """``percent`` as a number, else as text: the worker says that it isn't one."""
    try:
        return float(percent)
    except (TypeError, ValueError, OverflowError):
        return f"no number: {type(percent).__name__}"


def run(address: str, context: BlockingContext, *, result_bytes: int) -> dict[str, Any]:
    """Runs the handler at ``address`` (``module:name``); the message that says how it ended."""
    try:
        try:
            returned = load(address)(context)
            if isinstance(returned, Fail | Retry):
                raise returned
            return {"returned": encode(returned, max_bytes=result_bytes)}
        except Fail as fail:
            result = None if fail.result is None else encode(fail.result, max_bytes=result_bytes)
            return {"failed": fail.code, "message": fail.message, "result": result}
    except Fail as fail:  # not even its partial result can be kept
        return {"failed": fail.code, "message": fail.message, "result": None}
    except Retry as retry:
        return {"retry": retry.after, "reason": retry.reason}
    except Cancelled:
        return {"cancelled": True}
    except BaseException as error:
        secrets = context.secrets.values()
        return {
            "raised": cutting.beginning(explain(error), LINE_LENGTH, secrets=secrets),
            "traceback": cutting.end("".join(traceback.format_exception(error)), TRACEBACK_LENGTH, secrets=secrets),
        }


def load(address: str) -> Callable[[BlockingContext], Any]:
    """The function at ``module:name``."""
    module, _, name = address.partition(":")
    function: Callable[[BlockingContext], Any] = operator.attrgetter(name)(importlib.import_module(module))
    return function


def main() -> None:
    """Entry point of the program."""
    worker = Worker(socket.socket(fileno=int(sys.argv[1])))
    first = worker.hear()
    if first is None:
        return
    threading.Thread(target=worker.listen, daemon=True).start()
    facts = first["assignment"]
    worker.step_bytes = first["step_bytes"]
    worker.secrets = facts["secrets"].values()
    context = BlockingContext(
        **{**facts, "created_at": datetime.fromisoformat(facts["created_at"])},
        sink=worker,
        scratch=Path(first["scratch"]),
        stop_asked=worker.stop_asked.is_set,
        steps=cache(lambda: Steps(finished=first["finished"], keeper=worker, most=first["steps"])),
    )
    last_word = run(first["handler"], context, result_bytes=first["result_bytes"])
    sys.stdout.flush()
    sys.stderr.flush()
    worker.say(**last_word)
    # The worker kills this process when it has heard the last word. Ending first could lose it: a socket that closes
    # with something unread (a late ``stop``) takes what is on its way along.
    threading.Event().wait()


if __name__ == "__main__":
    main()
