"""The whole house as its users start it: gateway, notifier and worker, each a process of its own."""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

import httpx2
import pytest

from tests.plugins.ports import free_port
from tests.plugins.program import Program

SERVICES = ("gateway", "notifier", "worker")


@dataclass(kw_only=True)
class House:
    """Processes by name, e.g. ``worker`` or ``worker-2``, over one store and one broker."""

    folder: Path
    environment: Mapping[str, str]
    ports: dict[str, int] = field(default_factory=dict)
    probes: dict[str, int] = field(default_factory=dict)
    programs: dict[str, Program] = field(default_factory=dict)

    def start(self, service: str, *, name: str | None = None, **environment: str) -> Program:
        """Starts a service and waits until it is ready."""
        name = name or service
        port = self.ports.setdefault(name, free_port())
        probe = self.probes.setdefault(name, free_port())
        program = Program(
            [sys.executable, "-m", f"codeforge_{service}"],
            log=self.folder / f"{name}.log",
            environment={**self.environment, "PORT": str(port), "METRICS_PORT": str(probe), **environment},
        )
        self.programs[name] = program
        program.start(ready=lambda: self.ready(name), within=30)
        return program

    def ready(self, name: str) -> bool:
        """Whether the service says so on ``/readyz``."""
        try:
            return httpx2.get(f"http://127.0.0.1:{self.probes[name]}/readyz", timeout=5).status_code == 200
        except httpx2.HTTPError:
            return False

    def url(self, name: str = "gateway") -> str:
        """The address at which a service is called."""
        return f"http://127.0.0.1:{self.ports[name]}"

    def metrics(self, name: str) -> str:
        """What the service tells Prometheus."""
        return httpx2.get(f"http://127.0.0.1:{self.probes[name]}/metrics", timeout=5).text

    def stop(self) -> None:
        """Ends every process, the workers first."""
        for name in sorted(self.programs, key=lambda name: not name.startswith("worker")):
            self.programs[name].stop(grace=30)


@contextmanager
def open_house(
    *services: str, folder: Path, redis_url: str, namespace: str, environment: Mapping[str, str] | None = None
) -> Iterator[House]:
    """A house for as long as a block lasts; it keeps its logs and its state in ``folder``."""
    house = House(
        folder=folder,
        environment={
            "REDIS_URL": redis_url,
            "STORE_NAMESPACE": namespace,
            "STATE_DIR": str(folder),
            "SECRETS_KEY": base64.urlsafe_b64encode(os.urandom(32)).decode(),
            "AUTH_MODE": "none",
            "AGENT_ALLOW_LOCAL_REPOSITORIES": "true",
            **(environment or {}),
        },
    )
    try:
        for service in services or SERVICES:
            house.start(service)
        yield house
    finally:
        house.stop()


@pytest.fixture(scope="session")
def house_broker(redis_url: str) -> str:
    """The server that carries a house's rings; a folder's conftest may import :func:`each_broker` instead."""
    return redis_url


@pytest.fixture(scope="session", name="house_broker", params=["redis", "rabbitmq"])
def each_broker(request: pytest.FixtureRequest) -> str:
    """A house's broker, of each kind: with nothing changed but ``BROKER_URL``, everything behaves the same."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def new_house(tmp_path: Path, redis_url: str, house_broker: str, namespace: str) -> Iterator[Callable[..., House]]:
    """Makes houses over the session's server: ``new_house()`` has all three services, ``new_house("gateway")`` one."""
    with ExitStack() as houses:

        def make(*services: str, **environment: str) -> House:
            folder = Path(mkdtemp(prefix="house-", dir=tmp_path))
            opened = open_house(
                *services,
                folder=folder,
                redis_url=redis_url,
                namespace=namespace,
                environment={"BROKER_URL": house_broker, **environment},
            )
            return houses.enter_context(opened)

        yield make


@pytest.fixture
def house(new_house: Callable[..., House]) -> House:
    """Gateway, notifier and worker, ready."""
    return new_house()
