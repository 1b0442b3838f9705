"""Lets requests wait until a test says go."""

from __future__ import annotations

from threading import Condition


class Gate:
    """Open at first."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._paused = False
        self._resumed = 0

    def pause(self) -> None:
        """From now on every request waits."""
        with self._changed:
            self._paused = True

    def resume(self) -> None:
        """Lets go whoever waits, by a pause or by a hold."""
        with self._changed:
            self._paused = False
            self._resumed += 1
            self._changed.notify_all()

    def wait(self, *, held: bool) -> None:
        """Returns at once unless there is a pause, or the answer is ``held``."""
        with self._changed:
            before = self._resumed
            self._changed.wait_for(lambda: not self._paused and (not held or self._resumed > before))
