"""CPU time of processes, and rates between two moments of a run."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psutil

from tests.plugins.program import Program

LOOK_SECONDS = 0.02

BEGIN, END = 0.15, 0.9
"""Shares of the work between which a rate is taken: a worker's start and its last jobs say nothing about its pace."""


def cpu_seconds(pids: Sequence[int]) -> float:
    """User and system time so far of these processes and of all that they have started."""
    spent = 0.0
    for pid in pids:
        process = psutil.Process(pid)
        for each in (process, *process.children(recursive=True)):
            try:
                times = each.cpu_times()
            except psutil.NoSuchProcess:
                continue
            spent += times.user + times.system
    return spent


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Where a run stands."""

    at: float
    done: int
    server: float
    workers: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Jobs a second, and microseconds of CPU a job of the server and of the workers."""

    rate: float
    server_us: float
    worker_us: float

    @property
    def cpu_us(self) -> float:
        """Of both together: the steadiest figure on a machine that isn't quiet."""
        return self.server_us + self.worker_us


def pace(*, jobs: int, done: Callable[[], int], server: Program, workers: Sequence[Program], within: float) -> Pace:
    """The pace at which ``jobs`` are worked off. Fails where they aren't ``within`` seconds, or a worker ends."""

    def when(count: float) -> Moment:
        while (now := done()) < count:
            assert time.monotonic() < deadline, f"{now} of {jobs} jobs were done within {within:g} s"
            for worker in workers:
                assert worker.process and worker.process.poll() is None, f"a worker has ended: {worker.output()}"
            time.sleep(LOOK_SECONDS)
        return Moment(
            at=time.monotonic(),
            done=now,
            server=cpu_seconds([server.pid]),
            workers=cpu_seconds([worker.pid for worker in workers]),
        )

    deadline = time.monotonic() + within
    first, last = when(BEGIN * jobs), when(END * jobs)
    count = last.done - first.done
    return Pace(
        rate=count / (last.at - first.at),
        server_us=(last.server - first.server) / count * 1e6,
        worker_us=(last.workers - first.workers) / count * 1e6,
    )
