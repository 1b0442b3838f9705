"""A server that may be lost: its replica takes its place, and a sentinel tells where it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from tests.plugins.ports import free_port
from tests.plugins.program import Program
from tests.plugins.redis_server import RedisServer, answers
from tests.plugins.waiting import wait_until

MASTER = "main"
"""The name under which the sentinel knows the server."""


@dataclass(frozen=True, kw_only=True)
class Sentinel:
    """Watches ``primary``, and promotes ``replica`` when it hasn't answered for half a second.

    ``url`` names another sentinel first, which is away.
    """

    primary: RedisServer
    replica: RedisServer
    url: str


@pytest.fixture
def sentinel(new_redis: Callable[..., RedisServer], tmp_path: Path) -> Iterator[Sentinel]:
    """A server, its replica, and a sentinel that knows both."""
    primary = new_redis()
    replica = new_redis("--replicaof", "127.0.0.1", str(primary.port))
    port = free_port()
    config = tmp_path / "sentinel.conf"
    config.write_text(
        f"bind 127.0.0.1\nport {port}\ndir {tmp_path}\n"
        f"sentinel monitor {MASTER} 127.0.0.1 {primary.port} 1\n"
        f"sentinel down-after-milliseconds {MASTER} 500\nsentinel failover-timeout {MASTER} 2000\n"
    )
    program = Program([primary.binary, str(config), "--sentinel"], log=tmp_path / "sentinel.log")
    program.start(ready=lambda: answers(f"redis://127.0.0.1:{port}"), within=30)
    with redis.Redis(port=port) as client:
        # It learns of replicas from the primary's INFO, every ten seconds at the latest, and promotes none that hasn't
        # told of itself since.
        wait_until(lambda: any(map(_is_up, client.sentinel_slaves(MASTER))), within=60, what="the replica known")
    url = f"sentinel://127.0.0.1:{free_port()},127.0.0.1:{port}/0?master={MASTER}"
    yield Sentinel(primary=primary, replica=replica, url=url)
    program.stop()


def _is_up(replica: dict[str, object]) -> bool:
    return not replica["is_sdown"] and replica["master-link-status"] == "ok"
