"""A thread that stays connected to the broker."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator

import structlog
from kombu.connection import Connection

from codeforge_common.queue.broker import Broker

LONGEST_PAUSE_SECONDS = 5.0
"""The longest pause between two attempts to connect."""

HOLD_SECONDS = 1.0
"""How long a connection after a failure has to hold before it counts: a server that was demoted, say, accepts
connections and refuses the first command of each."""

_log = structlog.get_logger(__name__)


class Link:
    """A thread that holds one connection to the broker, and after a failure makes a new one.

    ``serve`` gets the open connection, uses it until ``closing`` is set, and raises when the connection fails;
    ``failed`` is called after each failure; ``wake`` makes a waiting ``serve`` look at ``closing``. Connection and
    thread belong together: of 800 publishes by 40 threads on one channel 562 failed.
    """

    def __init__(
        self,
        *,
        broker: Broker,
        name: str,
        serve: Callable[[Connection], None],
        failed: Callable[[], None],
        wake: Callable[[], None],
    ) -> None:
        self.closing = threading.Event()
        self.connected = False
        self._broker = broker
        self._name = name
        self._serve = serve
        self._failed = failed
        self._wake = wake
        # A daemon: a broker that doesn't answer must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Starts the thread; returns at once."""
        self._thread.start()

    def close(self, *, timeout: float) -> None:
        """Asks ``serve`` to end and waits for it for at most ``timeout`` seconds."""
        self.closing.set()
        self._wake()
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        told = False
        pauses = _pauses()
        while not self.closing.is_set():
            started = time.monotonic()
            try:
                with self._broker.connect(name=self._name) as connection:
                    self._hold(connection, doubted=told)
            # Not only connection errors: transports raise KeyError or AttributeError from a socket that went away.
            except Exception as error:
                if (self.connected or not told) and not self.closing.is_set():
                    _log.warning("broker lost", connection=self._name, error=f"{type(error).__name__}: {error}")
                    told = True
                self.connected = False
                self._failed()
                if time.monotonic() - started > LONGEST_PAUSE_SECONDS:
                    pauses = _pauses()
                self.closing.wait(next(pauses))
        self.connected = False

    def _hold(self, connection: Connection, *, doubted: bool) -> None:
        """Serves until closed. One that is ``doubted`` counts as connected only when it has held for a while."""
        counts = threading.Timer(HOLD_SECONDS if doubted else 0, self._count)
        counts.daemon = True
        counts.start()
        try:
            self._serve(connection)
        finally:
            counts.cancel()
            counts.join()

    def _count(self) -> None:
        _log.info("broker connected", connection=self._name)
        self.connected = True


def _pauses() -> Iterator[float]:
    """Seconds to wait between attempts to connect, with jitter, so that not all come back at once."""
    pause = 0.1
    while True:
        yield pause * random.uniform(0.5, 1)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
