"""What a submit, a claim and a finish cost the server as the store grows: ``python -m benchmarks.curve``.

The commands that a script runs are counted besides: their number must not depend on what is in the store.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import redis

from benchmarks.fill import NOOP, default_limits, fill, submission
from benchmarks.servers import add_server_options, describe, private_server
from benchmarks.table import show
from codeforge_common.store import Outcome, OutcomeKind, Run, Served, Store

SIZES = (100, 1_000, 10_000, 100_000, 1_000_000)
USERS_AT_MOST = 10_000
"""So that none has more jobs than may wait."""

SAMPLES = 100
CALLS = 50
"""Calls in a sample; the median of the samples is shown, which a busy machine moves least."""

SERVES = (Served(type=NOOP.name, lease_ms=3_600_000),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of one call: microseconds of the server, and commands that the script ran."""

    microseconds: float
    commands: float


class Meter:
    """Asks the server itself what its calls cost."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    async def cost(self, call: Callable[[], Awaitable[object]], *, samples: int) -> Cost:
        found: list[Cost] = []
        for _ in range(samples):
            self._client.config_resetstat()
            for _ in range(CALLS):
                await call()
            found.append(self._read())
        return Cost(
            microseconds=statistics.median(one.microseconds for one in found),
            commands=statistics.median(one.commands for one in found),
        )

    def _read(self) -> Cost:
        stats: dict[str, Any] = self._client.info("commandstats")
        script = stats.pop("cmdstat_evalsha")
        ours = ("cmdstat_config|resetstat", "cmdstat_info")
        commands = sum(stat["calls"] for name, stat in stats.items() if name not in ours)
        return Cost(microseconds=script["usec_per_call"], commands=commands / script["calls"])


class Walk:
    """Submits, claims and finishes single jobs."""

    def __init__(self, store: Store, *, users: int, number: int) -> None:
        self._store = store
        self._users = users
        self._number = number
        self._claims = 0
        self._runs: list[Run] = []

    async def submit(self) -> None:
        self._number += 7919  # a prime: all users have their turn
        await self._store.create(submission(self._number, users=self._users))

    async def claim(self) -> None:
        self._claims += 1
        turn = await self._store.claim(worker=f"w{self._number}", number=self._claims, slots=1, serves=SERVES)
        self._runs += turn.runs

    async def finish(self) -> None:
        run = self._runs.pop()
        outcome = Outcome(job_id=run.job_id, token=run.token, kind=OutcomeKind.COMPLETED, result="null")
        (settled,), _ = await self._store.settle(worker=f"w{self._number}", outcomes=[outcome])
        assert settled.status is not None, f"the finish wasn't taken: {settled}"


async def measure(url: str, sizes: Sequence[int], *, samples: int) -> list[tuple[int, Cost, Cost, Cost]]:
    """The costs at each of ``sizes``, which grow."""
    found: list[tuple[int, Cost, Cost, Cost]] = []
    made = 0
    with redis.Redis.from_url(url, decode_responses=True) as client:
        meter = Meter(client)
        store = Store.connect(url, limits=default_limits())
        for size in sizes:
            users = min(size, USERS_AT_MOST)
            await fill(store, jobs=size - made, users=users)
            made = size
            walk = Walk(store, users=users, number=size)
            rounds = max(1, min(samples, size // CALLS))
            submit = await meter.cost(walk.submit, samples=rounds)
            claim = await meter.cost(walk.claim, samples=rounds)
            finish = await meter.cost(walk.finish, samples=rounds)
            found.append((size, submit, claim, finish))
            print(f"{size:,} jobs: submit {submit}, claim {claim}, finish {finish}", flush=True)
        await store.close()
    return found


def main() -> None:
    options = argparse.ArgumentParser()
    add_server_options(options)
    options.add_argument("--most", type=int, default=SIZES[-1], help="jobs in the store at most")
    options.add_argument("--samples", type=int, default=SAMPLES)
    given = options.parse_args()
    print(describe(given))
    sizes = [size for size in SIZES if size <= given.most]
    with private_server(given) as server:
        found = asyncio.run(measure(server.url, sizes, samples=given.samples))
    show(
        ["jobs in the store", "submit µs", "claim µs", "finish µs", "commands: submit", "claim", "finish"],
        [[size, *(cost.microseconds for cost in costs), *(cost.commands for cost in costs)] for size, *costs in found],
    )


if __name__ == "__main__":
    main()
