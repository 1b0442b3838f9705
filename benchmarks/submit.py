"""How many submits a second one gateway process answers, and for how much CPU: ``python -m benchmarks.submit``.

With logs, metrics, a rate limit that is computed and never reached, a token to be sealed in each body, and one of a
hundred requests traced. Beside it, in the same rounds, what one would write with FastAPI and arq or Celery.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.collector import collector
from benchmarks.meter import cpu_seconds
from benchmarks.peers.catalogue import serve
from benchmarks.peers.install import NotHere
from benchmarks.servers import add_server_options, describe, private_server
from benchmarks.stage import house_over
from benchmarks.table import show
from tests.plugins.redis_server import RedisServer

PATH = "/api/jobs/agent-task"
WARM_SECONDS = 2.0

NEVER_REACHED = "1000000"
"""Submits a minute; the highest limit that there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """``rate``: requests a second that were answered with 202. CPU in microseconds a request; times in milliseconds."""

    rate: float
    cpu_us: float
    server_us: float
    load_us: float
    p50: float
    p99: float
    refused: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A process that serves ``port``."""

    port: int
    pid: int


@contextmanager
def gateway(server: RedisServer, **environment: str) -> Iterator[Serving]:
    """Ours."""
    limits = {"SUBMIT_RATE_LIMIT": NEVER_REACHED, "SUBMIT_RATE_BURST": NEVER_REACHED}
    with collector() as address:
        traced = {"OTEL_EXPORTER_OTLP_ENDPOINT": address, "OTEL_TRACES_SAMPLER_ARG": "0.01"}
        with house_over(server, **limits, **traced, **environment) as house:
            program = house.start("gateway")
            yield Serving(port=house.ports["gateway"], pid=program.pid)


@contextmanager
def beside(name: str, server: RedisServer) -> Iterator[Serving]:
    """A peer's. Raises NotHere."""
    with serve(name, server.url) as (port, pid):
        yield Serving(port=port, pid=pid)


def measure(serving: Serving, server: RedisServer, *, connections: int, seconds: float) -> Answered:
    """Puts load on it."""

    def load(seconds: float) -> dict[str, object]:
        command = [sys.executable, "-m", "benchmarks.load", str(serving.port), PATH]
        command += ["--connections", str(connections), "--seconds", str(seconds)]
        ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=seconds + 30)
        said: dict[str, object] = json.loads(ran.stdout)
        return said

    load(WARM_SECONDS)
    pids = (serving.pid, server.program.pid)
    before = [cpu_seconds([pid]) for pid in pids]
    said = load(seconds)
    spent = [cpu_seconds([pid]) - then for pid, then in zip(pids, before, strict=True)]
    answered: dict[str, int] = said["answered"]  # type: ignore[assignment]
    count = answered.pop("202", 0)
    assert count, f"nothing was accepted: {answered}"
    took = {name: float(str(said[name])) for name in ("seconds", "cpu", "p50", "p99")}
    return Answered(
        rate=count / took["seconds"],
        cpu_us=spent[0] / count * 1e6,
        server_us=spent[1] / count * 1e6,
        load_us=took["cpu"] / count * 1e6,
        p50=took["p50"],
        p99=took["p99"],
        refused=answered,
    )


CONTENDERS: dict[str, Callable[[RedisServer], object]] = {
    "gateway": gateway,
    "gateway, JSON logs": lambda server: gateway(server, LOG_FORMAT="json"),
    "FastAPI + arq": lambda server: beside("arq", server),
    "FastAPI + Celery": lambda server: beside("celery", server),
}


def main() -> None:
    options = argparse.ArgumentParser()
    add_server_options(options)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=float, default=6)
    options.add_argument("--connections", type=int, default=64)
    given = options.parse_args()
    print(describe(given))
    measured: dict[str, list[Answered]] = {}
    for number in range(given.rounds):
        for name, serving in CONTENDERS.items():
            try:
                with private_server(given) as server, serving(server) as one:  # type: ignore[attr-defined]
                    answered = measure(one, server, connections=given.connections, seconds=given.seconds)
            except NotHere as why:
                if number == 0:
                    print(f"{name} is left out: {why}")
                continue
            print(f"round {number + 1}: {name}: {answered}", flush=True)
            measured.setdefault(name, []).append(answered)

    def median(name: str, what: Callable[[Answered], float]) -> float:
        return statistics.median(map(what, measured[name]))

    show(
        ["submit", "requests/s", "CPU µs a request", "server µs", "load µs", "p50 ms", "p99 ms", "refused"],
        [
            [
                name,
                median(name, lambda one: one.rate),
                median(name, lambda one: one.cpu_us),
                median(name, lambda one: one.server_us),
                median(name, lambda one: one.load_us),
                median(name, lambda one: one.p50),
                median(name, lambda one: one.p99),
                sum(sum(one.refused.values()) for one in rounds),
            ]
            for name, rounds in measured.items()
        ],
    )


if __name__ == "__main__":
    main()
