"""Programs that the worker starts: none outlives the worker, and each is reaped before whoever started it goes on.

The program runs below :mod:`codeforge_worker.guard`, in a session of its own, out of reach of signals that a platform
sends to every process. Everything that it starts itself ends with it, even if somebody kills the guard.
"""

from __future__ import annotations

import asyncio
import math
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from contextvars import Context
from pathlib import Path
from typing import IO, Any

from codeforge_worker import guard
from codeforge_worker.inheritance import inherited
from codeforge_worker.remains import kill_remains, marked, new_mark

GUARD_SECONDS = 2.0
"""What a guard has to end all that it guards before it is taken for hung, or stopped, and killed itself."""


class GuardedProcess:
    """A running program. Pausing and killing are plain calls that any thread may make, at any time, repeatedly.

    ``pid`` is the guard's. ``stdin``, ``stdout`` and ``stderr`` are there where a pipe was asked for.
    """

    def __init__(self, popen: subprocess.Popen[bytes], leash: socket.socket, mark: str) -> None:
        self._popen = popen
        self._leash = leash
        self._mark = mark
        self._end: asyncio.Task[int] | None = None
        self.pid = popen.pid
        self.stdin = popen.stdin
        self.stdout = popen.stdout
        self.stderr = popen.stderr

    @classmethod
    def start(
        cls,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: int | IO[bytes] = subprocess.DEVNULL,
        stdout: int | IO[bytes] = subprocess.DEVNULL,
        stderr: int | IO[bytes] = subprocess.DEVNULL,
        pass_fds: Sequence[int] = (),
        until: float = math.inf,
    ) -> GuardedProcess:
        """Starts ``command``; takes a millisecond or two. The streams are as :class:`subprocess.Popen` has them.

        ``env``: None takes the worker's without its secrets. ``until``: see :meth:`allow_until`. A program that can't
        be started is one that ends with code 127 and a line on stderr.
        """
        mark = new_mark()
        ours, guards = socket.socketpair()
        with ExitStack() as unless_started, guards:
            unless_started.enter_context(ours)
            ours.send(guard.allowance(until))
            arguments = [sys.executable, "-I", "-S", guard.__file__, str(guards.fileno()), "--", *command]
            with _shielded():
                popen = subprocess.Popen(
                    arguments,
                    env=marked(inherited(os.environ) if env is None else env, mark),
                    cwd=cwd,
                    stdin=stdin,
                    stdout=stdout,
                    stderr=stderr,
                    pass_fds=(*pass_fds, guards.fileno()),
                    start_new_session=True,
                )
            unless_started.pop_all()
        ours.setblocking(False)
        return cls(popen, ours, mark)

    def allow_until(self, moment: float) -> None:
        """Lets the program run until ``moment`` (of :func:`codeforge_worker.clock.now`; at first for ever).

        Then its process group is stopped where it stands (SIGSTOP), even if this process is frozen itself, until it is
        allowed to go on; 0 stops it now, ``inf`` takes the limit away.
        """
        self._say(guard.allowance(moment))

    def kill(self) -> None:
        """Lets go of the leash: the program and all that it started are killed."""
        try:
            self._leash.shutdown(socket.SHUT_WR)
        except OSError:  # it has ended already
            pass

    def kill_and_wait(self, *, timeout: float) -> bool:
        """Kills and blocks until nothing of it goes on, about ``timeout`` seconds at most; 0 only begins it.

        Whether nothing goes on.
        """
        self.kill()
        if not self._ends(within=timeout / 2):
            if not timeout:
                return False
            self._popen.kill()  # it is stopped or hangs, and dies of this all the same
            if not self._ends(within=timeout / 4):
                return False
        seen = self._end is not None and self._end.done()
        return self._popen.returncode >= 0 or seen or kill_remains(self.pid, mark=self._mark, timeout=timeout / 4)

    async def end(self) -> None:
        """Kills and waits until the program and everything that it started are gone."""
        self.kill()
        await asyncio.wait({self.watch()}, timeout=GUARD_SECONDS)
        if self._popen.poll() is None:
            self._popen.kill()
        await self.wait()

    async def wait(self) -> int:
        """The exit code, once the program and everything that it started are gone; 128 + N for signal N."""
        return await asyncio.shield(self.watch())

    def watch(self) -> asyncio.Task[int]:
        """What :meth:`wait` waits for, not to be cancelled. From now on a guard that is killed is noticed at once.

        Whoever reads the program's pipes first and waits then watches before: what a dead guard left may hold them.
        """
        if self._end is None:
            # One for all who wait, and no run's task: those are cancelled when the run ends, and this ends by itself.
            self._end = asyncio.get_running_loop().create_task(self._see_the_end(), context=Context())
        return self._end

    async def _see_the_end(self) -> int:
        if self._popen.poll() is None:
            # The guard says nothing; what can be read is that its end of the leash closed, as it exits.
            await _readable(self._leash.fileno())
        code = self._popen.wait()
        if code >= 0:
            return code
        await asyncio.to_thread(kill_remains, self.pid, mark=self._mark)
        return 128 - code

    def close(self) -> None:
        """Releases the descriptors; what still runs is killed by that."""
        self._leash.close()
        for stream in (self.stdin, self.stdout, self.stderr):
            if stream is not None:
                stream.close()

    def _ends(self, *, within: float) -> bool:
        try:
            self._popen.wait(within)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _say(self, order: bytes) -> None:
        try:
            self._leash.send(order)
        except OSError:  # it has ended already
            pass


@asynccontextmanager
async def guarded(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdout: int = subprocess.DEVNULL,
    stderr: int = subprocess.DEVNULL,
) -> AsyncIterator[GuardedProcess]:
    """A program that is gone when the block ends, however it ends: killed if it still runs, and reaped."""
    process = GuardedProcess.start(command, env=env, cwd=cwd, stdout=stdout, stderr=stderr)
    process.watch()
    try:
        yield process
    finally:
        try:
            await _despite_cancellation(process.end())
        finally:
            process.close()


async def chunks(pipe: IO[bytes]) -> AsyncIterator[bytes]:
    """What comes out of a program's pipe, as it comes, until its end."""
    descriptor = pipe.fileno()
    os.set_blocking(descriptor, False)
    while True:
        try:
            chunk = os.read(descriptor, 65_536)
        except BlockingIOError:
            await _readable(descriptor)
            continue
        if not chunk:
            return
        yield chunk


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(descriptor, _resolve, ready)
    try:
        await ready
    finally:
        loop.remove_reader(descriptor)


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def _despite_cancellation(ending: Coroutine[Any, Any, object]) -> None:
    """Awaits ``ending`` to its end; a cancellation that comes meanwhile is raised afterwards."""
    task = asyncio.ensure_future(ending)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


@contextmanager
def _shielded() -> Iterator[None]:
    """What this thread starts meanwhile has the signals blocked from its first instruction on."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, guard.SHIELDED)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
