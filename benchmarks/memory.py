"""What a queued job of 100 bytes takes of the server's memory, and where: ``python -m benchmarks.memory``.

100 jobs each of 1,000 users, records as the product writes them. The event log is shown apart: it has a size of its own
(``EVENT_LOG_MAX_BYTES``), whatever the number of jobs. Without an append-only file, whose buffers would count as well.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import redis

from benchmarks.fill import default_limits, fill
from benchmarks.payload import USERS
from benchmarks.peers.catalogue import PEERS
from benchmarks.peers.install import NotHere
from benchmarks.servers import add_server_options, describe, private_server
from benchmarks.table import show
from codeforge_common.secrets import KeyRing
from codeforge_common.store import Store, keys

NAMESPACE = "codeforge"
LOG = (keys.EVENTS, keys.LOG)
REST = "(the server's tables)"
"""What no key says of itself: the table of all keys, and what the allocator rounds up."""

BESIDE = {"bullmq": 20_000, "celery": 5_000, "rq": 5_000}
"""Jobs of each peer; their cost a job doesn't depend on how many there are."""

TOKEN = {"context.githubContext.token": f"ghp_{0:036}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """Bytes a job, by family of keys, and keys a job."""

    families: Mapping[str, float]
    keys: float

    @property
    def total(self) -> float:
        return sum(self.families.values())


def used(client: redis.Redis) -> int:
    return int(client.info("memory")["used_memory"])


def weigh(given: argparse.Namespace, *, jobs: int, with_secrets: bool) -> Weighed:
    """Ours: ``with_secrets`` adds a sealed token and an idempotency key to each job."""
    with private_server(given) as server, redis.Redis.from_url(server.url) as client:
        asyncio.run(_fill(server.url, jobs=USERS, with_secrets=with_secrets))  # one each, so that everything is there
        before, counted = used(client), client.dbsize()
        asyncio.run(_fill(server.url, jobs=jobs, with_secrets=with_secrets))
        after = used(client)
        weights: defaultdict[str, int] = defaultdict(int)
        log = 0
        for family, weight in _weights(client):
            if family in LOG:
                log += weight
            else:
                weights[family] += weight
        share = jobs / (jobs + USERS)
        families = {family: weight * share / jobs for family, weight in weights.items()}
        families[REST] = (after - before - log) / jobs - sum(families.values())
        return Weighed(families=families, keys=(client.dbsize() - counted) / jobs)


def _weights(client: redis.Redis) -> list[tuple[str, int]]:
    names = [key.decode() for key in client.scan_iter(count=1000)]
    weights: list[tuple[str, int]] = []
    for begin in range(0, len(names), 1000):
        some = names[begin : begin + 1000]
        with client.pipeline(transaction=False) as pipeline:
            for name in some:
                pipeline.memory_usage(name, samples=0)
            weights += zip(map(_family, some), pipeline.execute(), strict=True)
    return weights


def _family(key: str) -> str:
    words = key.removeprefix(keys.prefix(NAMESPACE)).split(":")[1:]
    return f"job:…:{words[2]}" if words[0] == "job" and len(words) == 3 else words[0]


async def _fill(url: str, *, jobs: int, with_secrets: bool) -> None:
    store = Store.connect(url, namespace=NAMESPACE, limits=default_limits())
    # The same for all: what is sealed is as long for each of them.
    sealed = (
        KeyRing.parse("A" * 43).seal(TOKEN, job_id="job_" + "0" * 27, user_id="user-0000") if with_secrets else None
    )
    await fill(store, jobs=jobs, sealed=sealed, keyed=with_secrets)
    await store.close()


def beside(given: argparse.Namespace, name: str, *, jobs: int) -> float:
    """Bytes a queued job of a peer. Raises NotHere."""
    with private_server(given) as server, redis.Redis.from_url(server.url) as client:
        PEERS[name].feed(server.url, jobs=100)
        before = used(client)
        PEERS[name].feed(server.url, jobs=jobs)
        return (used(client) - before) / jobs


def main() -> None:
    options = argparse.ArgumentParser()
    add_server_options(options)
    options.add_argument("--jobs", type=int, default=100 * USERS)
    given = options.parse_args()
    given.no_aof = True
    print(describe(given))
    plain = weigh(given, jobs=given.jobs, with_secrets=False)
    full = weigh(given, jobs=given.jobs, with_secrets=True)
    rows: list[tuple[str, float, float]] = [
        (family, plain.families.get(family, 0.0), weight)
        for family, weight in sorted(full.families.items(), key=lambda item: -item[1])
        if weight >= 0.5
    ]
    print()
    show(
        ["bytes a queued job", "plain", "token and idempotency key"],
        [*rows, ("together", plain.total, full.total), ("keys a job", plain.keys, full.keys)],
    )
    found: Counter[str] = Counter()
    for name, jobs in BESIDE.items():
        try:
            found[name] = round(beside(given, name, jobs=jobs))
        except NotHere as why:
            print(f"{name} is left out: {why}")
    print()
    show(["peer", "bytes a queued job"], list(found.items()))


if __name__ == "__main__":
    main()
