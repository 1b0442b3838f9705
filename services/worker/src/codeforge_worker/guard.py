"""A program that stands between the worker and what the worker starts, so that nothing outlives the worker.

    python -I -S guard.py LEASH -- COMMAND…

``LEASH`` is the number of an inherited file descriptor, one end of a socket pair whose other end only the worker holds.
When it reads end-of-file, the worker has let go or is dead (a kill -9 closes it too): the command and everything that
it ever started are killed. A parent-death signal can't do that: it isn't inherited, so git's helpers would live on.
The same happens to whatever the command leaves behind when it ends by itself. Should the guard itself be killed, the
command has that signal all the same (on Linux), and the worker ends the rest (:mod:`codeforge_worker.remains`).

A line on the leash says until when the command may run, in seconds of CLOCK_BOOTTIME (``inf`` for ever, as at first).
After that its process group is stopped (SIGSTOP), until another line lets it go on (SIGCONT). The guard keeps the time
itself, because the worker may be frozen at that moment, and somebody else about to run the same job.
The guard exits like a shell: with the command's code, 128 + N where signal N ended it, 127 where it can't be started.

It runs for as long as its command does, once for each, so it imports the least that it can (starts in 20 ms, 10 MB);
:mod:`codeforge_worker.process` is the side that the worker uses.
"""

from __future__ import annotations

import ctypes
import math
import os
import select
import signal
import sys
import time

TYPE_CHECKING = False  # as type checkers know it; typing itself would be too much to import
if TYPE_CHECKING:
    from typing import NoReturn

SHIELDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
"""Signals that guard and command don't get: some platforms send them to every process of a container, while the worker
still has time to finish what runs. Blocked and not ignored, because git sets handlers of its own."""

NOT_STARTED = 127
KILLED = 128 + signal.SIGKILL
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # as in clock.py
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36  # <linux/prctl.h>


def allowance(until: float) -> bytes:
    """The line that lets the command run until then."""
    return f"{until!r}\n".encode()


def run(command: list[str], *, leash: int) -> int:
    """Runs ``command`` until it ends or the leash does; when this returns, nothing of it is left. The exit code."""
    _adopt_orphans()
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    os.set_inheritable(leash, False)
    me = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become(command, guard=me)
    _lead_group(pid)
    status = _watch(pid, leash=leash, wake=wake)
    _kill_all(group=pid)
    return KILLED if status is None else _exit_code(status)


def _become(command: list[str], *, guard: int) -> NoReturn:
    """Turns this process, just forked, into the command; it dies with its guard."""
    try:
        _lead_group(os.getpid())
        _die_with(guard)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):  # ignored by Python (Py_InitializeEx), not by the command
            signal.signal(number, signal.SIG_DFL)
        os.execvp(command[0], command)
    except OSError as error:
        os.write(2, f"{command[0]} can't be started: {error.strerror}\n".encode())
    finally:
        os._exit(NOT_STARTED)


def _lead_group(pid: int) -> None:
    """A group of its own, so that the guard stays awake while the command is paused. Both do it: one is the first."""
    try:
        os.setpgid(pid, pid)
    except (PermissionError, ProcessLookupError):  # it has become the command, or ended, and did it before
        pass


def _die_with(parent: int) -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before the signal was asked for
            os._exit(KILLED)


def _watch(pid: int, *, leash: int, wake: int) -> int | None:
    """The command's wait status once it has ended; None when the leash ended first."""
    allowance = Allowance(pid)
    while True:
        readable, _, _ = select.select([leash, wake], [], [], allowance.keep())
        if wake in readable:
            os.read(wake, 4096)
            if (status := _reap(pid)) is not None:
                return status
        if leash in readable and not _heed(leash, allowance):
            return None


class Allowance:
    """Until when a process group may run."""

    def __init__(self, group: int) -> None:
        self._group = group
        self._until = math.inf
        self._paused = False
        self._heard = b""

    def hear(self, text: bytes) -> None:
        """Takes what came on the leash; the last whole line counts."""
        *lines, self._heard = (self._heard + text).split(b"\n")
        if lines:
            self._until = float(lines[-1])

    def keep(self) -> float | None:
        """Stops the group or lets it go on. Seconds until there is something to do without being told; None: never."""
        left = self._until - time.clock_gettime(_CLOCK)
        if self._paused != (left <= 0):
            self._paused = left <= 0
            _signal_group(self._group, signal.SIGSTOP if self._paused else signal.SIGCONT)
        return None if self._paused or left == math.inf else left


def _reap(pid: int) -> int | None:
    """Reaps what has ended. The wait status of ``pid`` if it was among it."""
    found = None
    while found is None:
        ended, status = os.waitpid(-1, os.WNOHANG)
        if ended == 0:
            return None
        found = status if ended == pid else None
    return found


def _heed(leash: int, allowance: Allowance) -> bool:
    """Hears what the worker says. False when the worker is gone."""
    try:
        said = os.read(leash, 4096)
    except ConnectionError:
        return False
    allowance.hear(said)
    return bool(said)


def _signal_group(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # nobody is left in it; macOS says the latter where zombies are
        pass


def _kill_all(*, group: int) -> None:
    """Kills every descendant and returns when all are reaped, also those that left the group or became daemons."""
    while True:
        _signal_group(group, signal.SIGKILL)
        for child in _children():
            os.kill(child, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _children() -> list[int]:
    """Children of this process. A dead one's children become ours (see :func:`_adopt_orphans`), so none hides."""
    if not sys.platform.startswith("linux"):
        return []
    me = os.getpid()
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit() and _parent(entry) == me]


def _parent(pid: str) -> int | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The name before the parent's number stands in parentheses and may hold anything: proc_pid_stat(5).
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, IndexError):
        return None


def _adopt_orphans() -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _exit_code(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def main() -> None:
    """Entry point of the program."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SHIELDED)
    sys.exit(run(sys.argv[3:], leash=int(sys.argv[1])))


if __name__ == "__main__":
    main()
