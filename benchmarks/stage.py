"""What every benchmark stands on: a private server and the services as processes, with their default settings."""

from __future__ import annotations

import argparse
import base64
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.handlers import install
from benchmarks.servers import private_server
from tests.plugins.house import House
from tests.plugins.ports import free_port
from tests.plugins.program import Program
from tests.plugins.redis_server import RedisServer


@contextmanager
def stage(given: argparse.Namespace, *options: str, **environment: str) -> Iterator[tuple[House, RedisServer]]:
    """A house with nothing started yet, over a server with ``options``. Everything ends with the block."""
    with private_server(given, *options) as server, house_over(server, **environment) as house:
        yield house, server


@contextmanager
def house_over(server: RedisServer, **environment: str) -> Iterator[House]:
    """A house with nothing started yet, which knows the benchmarks' handlers. Its processes end with the block."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        python_path = [str(install(folder / "handlers")), os.environ.get("PYTHONPATH", "")]
        house = House(
            folder=folder,
            environment={
                "REDIS_URL": server.url,
                "STATE_DIR": str(folder),
                "SECRETS_KEY": base64.urlsafe_b64encode(os.urandom(32)).decode(),
                "AUTH_MODE": "none",
                "SUBMIT_RATE_LIMIT": "0",
                "PYTHONPATH": os.pathsep.join(filter(None, python_path)),
                "BENCH_FILE": str(folder / "started"),
                **environment,
            },
        )
        try:
            yield house
        finally:
            house.stop()


def start_worker(house: House, *, name: str, **environment: str) -> Program:
    """A worker that is not waited for: by the time it is ready it would have done much of what is to be measured."""
    probe = house.probes.setdefault(name, free_port())
    program = Program(
        [sys.executable, "-m", "codeforge_worker"],
        log=house.folder / f"{name}.log",
        environment={**house.environment, "METRICS_PORT": str(probe), **environment},
    )
    house.programs[name] = program
    program.start(ready=lambda: True, within=30)
    return program


def percentiles(values: Sequence[float]) -> str:
    """``p50 1.23  p90 2.34  p99 3.45  max 4.56``, in the unit of the values."""
    ordered = sorted(values)

    def at(share: float) -> float:
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]

    return f"p50 {at(0.5):.2f}  p90 {at(0.9):.2f}  p99 {at(0.99):.2f}  max {ordered[-1]:.2f}"
