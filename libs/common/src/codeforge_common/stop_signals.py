"""SIGTERM and SIGINT mean "stop", from the first line of a service's ``main`` to its last, however many come."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType

import structlog

NUMBERS = (signal.SIGTERM, signal.SIGINT)

LONGEST_SECONDS = 29.6
"""How long a stop may take, whatever hangs: platforms kill what takes 30."""

_log = structlog.get_logger(__name__)


class StopSignals:
    """Hears both as long as a ``with`` block lasts; afterwards the process is about to end, and ignores them.

    Not by the event loop's own means: a loop that closes gives signals their default back, and the next one of several
    would kill a process that has tidied up and is about to exit with code 0. Make it on the main thread.
    """

    def __init__(self) -> None:
        self._heard = False
        self._tell: Callable[[], None] = lambda: None

    def __enter__(self) -> StopSignals:
        for number in NUMBERS:
            signal.signal(number, self._hear)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number in NUMBERS:
            signal.signal(number, signal.SIG_IGN)

    def heed(self, stop: Callable[[], None], *, within: float = LONGEST_SECONDS) -> None:
        """Calls ``stop`` on the running event loop at each signal from now on, and for those that came before.

        ``within`` seconds after the first the process ends, if it hasn't by itself.
        """
        loop = asyncio.get_running_loop()
        give_up = threading.Timer(within, _give_up)
        give_up.daemon = True

        def end() -> None:
            if not give_up.is_alive():
                give_up.start()
            stop()

        def tell() -> None:
            # In the midst of whatever the thread was at: nothing may be done here that takes a lock.
            if not loop.is_closed():
                loop.call_soon_threadsafe(end)

        self._tell = tell
        if self._heard:
            tell()

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self._heard = True
        self._tell()


def _give_up() -> None:
    _log.critical("the stop takes too long, the process ends")
    sys.stderr.flush()
    os._exit(0)
