"""Our side of the drain."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import redis

from benchmarks.fill import NOOP, default_limits, fill
from benchmarks.meter import Pace, pace
from benchmarks.stage import stage, start_worker
from benchmarks.watcher import Seen
from codeforge_common.job import Status
from codeforge_common.store import Store, keys
from tests.plugins.house import House
from tests.plugins.program import Program
from tests.plugins.redis_server import RedisServer
from tests.plugins.waiting import wait_until

WITHIN_SECONDS = 300.0

_CALLS = re.compile(r"^codeforge_store_calls_seconds_count\{.*\} (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained(Pace):
    """``calls``: round trips to the server a job. ``seen``: what the watcher saw, None where there is none."""

    calls: float = float("nan")
    seen: Seen | None = None

    def __str__(self) -> str:
        said = f"{self.rate:,.0f} jobs/s, {self.cpu_us:.0f} µs ({self.server_us:.0f} + {self.worker_us:.0f})"
        return said if self.seen is None else f"{said}, {self.calls:.3f} calls a job, {self.seen}"


def drain_ours(given: argparse.Namespace, *, jobs: int, slots: int, workers: int) -> Drained:
    """Works off ``jobs`` of 1,000 users with ``workers`` that have ``slots`` each."""
    with stage(given) as (house, server), redis.Redis.from_url(server.url) as client:
        asyncio.run(_fill(server.url, jobs=jobs))
        counts = keys.key("codeforge", "counts", NOOP.name)

        def done() -> int:
            return int(client.hget(counts, Status.COMPLETED.value) or 0)

        with _watching(server, house) as seen:
            names = [f"worker-{number}" for number in range(workers)]
            running = [start_worker(house, name=name, WORKER_CONCURRENCY=str(slots)) for name in names]
            found = pace(
                jobs=jobs,
                done=done,
                server=server.program,
                workers=running,
                within=WITHIN_SECONDS,
            )
            wait_until(lambda: done() == jobs, within=60, what="the last job")
            calls = sum(float(count) for name in names for count in _CALLS.findall(house.metrics(name)))
        check(seen, jobs=jobs)
        return Drained(
            rate=found.rate, server_us=found.server_us, worker_us=found.worker_us, calls=calls / jobs, seen=seen
        )


def check(seen: Seen, *, jobs: int) -> None:
    """What the figures rest on: every job read again was as its update had said, and in time."""
    assert seen.read_again == seen.equal == seen.completed > jobs // 500, f"records and updates differ: {seen}"


async def _fill(url: str, *, jobs: int) -> None:
    store = Store.connect(url, limits=default_limits())
    await fill(store, jobs=jobs)
    await store.close()


@contextmanager
def _watching(server: RedisServer, house: House) -> Iterator[Seen]:
    """A watcher in a process of its own; the value is filled in when the block ends."""
    log = house.folder / "watcher.log"
    program = Program([sys.executable, "-m", "benchmarks.watcher", server.url], log=log, environment=house.environment)
    program.start(ready=lambda: "watching" in log.read_text(), within=30)
    seen = Seen()
    try:
        yield seen
    finally:
        program.stop()
        said = json.loads(log.read_text().splitlines()[-1])
        for name, value in said.items():
            setattr(seen, name, value)
