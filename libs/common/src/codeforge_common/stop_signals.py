"""SIGTERM and SIGINT mean "stop", from the first line of a service's ``main`` to its last, however many come."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
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
        # One whose `put` may be interrupted by another: this one takes no lock.
        self._signals: SimpleQueue[bool] = SimpleQueue()
        self._tell: Callable[[], None] = lambda: None

    def __enter__(self) -> StopSignals:
        for number in NUMBERS:
            signal.signal(number, self._hear)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number in NUMBERS:
            signal.signal(number, signal.SIG_IGN)
        self._signals.put(False)  # so that nobody waits for one any more

    def heed(
        self, stop: Callable[[], None], *, within: float = LONGEST_SECONDS, give_up: Callable[[], None] | None = None
    ) -> None:
        """Calls ``stop`` on the running event loop at each signal from now on, and for those that came before.

        ``within`` seconds after the first ``give_up`` is called, if the process hasn't ended by itself, in a thread
        that asks nothing of the loop; it ends the process, as it does where there is None.
        """
        loop = asyncio.get_running_loop()

        def tell() -> None:
            # In the midst of whatever the thread was at: nothing may be done here that takes a lock.
            if not loop.is_closed():
                loop.call_soon_threadsafe(stop)

        def see_to_the_end() -> None:
            if self._signals.get():
                time.sleep(within)
                (give_up or _give_up)()

        threading.Thread(target=see_to_the_end, name="stop", daemon=True).start()
        self._tell = tell
        if self._heard:
            tell()

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self._heard = True
        self._signals.put(True)
        self._tell()


def _give_up() -> None:
    _log.critical("the stop takes too long, the process ends")
    sys.stderr.flush()
    os._exit(0)
