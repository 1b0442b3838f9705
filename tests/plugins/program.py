"""A server program that runs as long as a fixture needs it, and never longer than this process."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.plugins.waiting import wait_until

SESSION_PIDS: set[int] = set()
"""Processes that live as long as the session; the leak check leaves them alone."""
HEIRS: set[int] = set()
"""The shells that outlive us for a moment, one for each running program."""


class ProgramFailed(Exception):
    """Raised when a program ends before it is ready, or isn't ready in time. The text ends with its output."""


class Program:
    """One process in a group of its own, its output in ``log``.

    A shell waits beside it for us to end, whatever way, and then kills the group.

    ``ready`` is asked until it answers True; ``within`` is the time for that, in seconds.
    """

    def __init__(self, command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None) -> None:
        self.command = list(command)
        self.log = log
        self.environment = dict(os.environ) | dict(environment or {})
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, ready: Callable[[], bool], within: float) -> None:
        """Starts the program and waits for it. Raises ProgramFailed."""
        self._spawn()
        try:
            wait_until(lambda: self._alive() and ready(), within=within, what=f"{self.command[0]} ready")
        except AssertionError as late:
            self.stop()
            raise ProgramFailed(f"{late}:\n{self.output()}") from None

    @property
    def pid(self) -> int:
        """The process id of the running program."""
        assert self.process is not None, "not started"
        return self.process.pid

    def output(self) -> str:
        """The last 4,000 characters of what it printed."""
        return self.log.read_text(errors="replace")[-4000:]

    def stop(self, *, grace: float = 10) -> None:
        """SIGTERM to the group, SIGKILL after ``grace`` seconds; returns when the program has been reaped."""
        if self.process is None:
            return
        self._signal(signal.SIGTERM)
        try:
            self.process.wait(grace)
        except subprocess.TimeoutExpired:
            pass
        self.kill()

    def kill(self) -> None:
        """SIGKILL to the group; returns when the program has been reaped."""
        if self.process is None:
            return
        self._signal(signal.SIGKILL)
        self.process.wait()
        self._dismiss_heir()
        self.process = None

    def _spawn(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self.environment,
                process_group=0,
            )
        self._heir = subprocess.Popen(
            ["sh", "-c", 'read _; kill -KILL "-$1"', "heir", str(self.process.pid)],
            stdin=subprocess.PIPE,
            process_group=0,
        )
        HEIRS.add(self._heir.pid)

    def _dismiss_heir(self) -> None:
        self._heir.kill()
        self._heir.communicate()
        HEIRS.discard(self._heir.pid)

    def _alive(self) -> bool:
        assert self.process is not None
        if self.process.poll() is None:
            return True
        raise ProgramFailed(f"{self.command[0]} ended with {self.process.returncode}:\n{self.output()}")

    def _signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass
