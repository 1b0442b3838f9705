"""An event loop on which waiting takes no time: where nothing but its clock is waited for, that jumps."""

from __future__ import annotations

import asyncio
import math
import selectors
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class ClockLoop(asyncio.SelectorEventLoop):
    """The time of this loop begins at 0. It stands still while code runs, and jumps to the next timer when all wait.

    What comes from outside comes when it comes: the loop waits in real time, and its clock goes along, while a socket
    or a pipe is watched, a thread of the loop's executor works, or a program runs. A connection that lies idle mustn't
    turn hours of polling into real ones: while ``main`` itself is in :func:`asyncio.sleep`, or a task that works for it
    (:meth:`for_main`), nothing it reads is waited for.
    """

    def __init__(self) -> None:
        self._selector_with_clock = _Clock(waits_for_others=self._waits_for_others)
        self._threads = 0
        self._programs: list[asyncio.SubprocessTransport] = []
        self.main: asyncio.Task[Any] | None = None
        self._for_main: set[asyncio.Task[Any]] = set()
        super().__init__(self._selector_with_clock)

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._selector_with_clock.now

    @contextmanager
    def for_main(self) -> Iterator[None]:
        """What the current task does in the block, ``main`` waits for."""
        task = asyncio.current_task(self)
        assert task is not None, "a task runs it"
        self._for_main.add(task)
        try:
            yield
        finally:
            self._for_main.discard(task)

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        """As usual; the clock goes with real time until it has ended."""
        future = super().run_in_executor(executor, func, *args)
        self._threads += 1
        future.add_done_callback(self._thread_ended)
        return future

    async def subprocess_exec(self, *args: Any, **options: Any) -> Any:
        """As usual; the clock goes with real time until the program has ended."""
        return self._with_program(await super().subprocess_exec(*args, **options))

    async def subprocess_shell(self, *args: Any, **options: Any) -> Any:
        """As usual; the clock goes with real time until the program has ended."""
        return self._with_program(await super().subprocess_shell(*args, **options))

    def _with_program(
        self, started: tuple[asyncio.SubprocessTransport, Any]
    ) -> tuple[asyncio.SubprocessTransport, Any]:
        self._programs.append(started[0])
        return started

    def _thread_ended(self, _: object) -> None:
        self._threads -= 1

    def _waits_for_others(self) -> bool:
        self._programs = [program for program in self._programs if program.get_returncode() is None]
        if self._threads or self._programs:
            return True
        watched = len(self._selector_with_clock.get_map()) > 1  # one is the loop's own, for calls from threads
        return watched and not any(_sleeps(task) for task in (self.main, *self._for_main) if task is not None)


class _Clock(selectors.DefaultSelector):
    """Waits as the loop asks, but for nothing but time."""

    def __init__(self, *, waits_for_others: Callable[[], bool]) -> None:
        super().__init__()
        self.now = 0.0
        self._waits_for_others = waits_for_others

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready after ``timeout`` seconds of the clock at most."""
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if timeout is not None and not self._waits_for_others():
            jumped = self.now + timeout
            # A timer is due when it lies before now and a nanosecond; after some months of floats there are none.
            self.now = jumped if jumped + 1e-9 > jumped else math.nextafter(jumped, math.inf)
            return ready
        began = time.monotonic()
        ready = super().select(timeout)
        self.now += time.monotonic() - began
        return ready


def _sleeps(task: asyncio.Task[Any]) -> bool:
    """Whether the innermost function that ``task`` waits in is :func:`asyncio.sleep`."""
    waiting: Any = task.get_coro()
    while hasattr(inner := getattr(waiting, "cr_await", None), "cr_code"):
        waiting = inner
    return getattr(waiting, "cr_code", None) is asyncio.sleep.__code__
