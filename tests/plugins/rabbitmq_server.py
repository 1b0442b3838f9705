"""A RabbitMQ for tests: ``TEST_AMQP_URL``, else testcontainers, else Debian's ``rabbitmq-server``, else skipped."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import amqp
import pytest

from tests.plugins.containers import image_at_hand
from tests.plugins.ports import free_port
from tests.plugins.program import SESSION_PIDS, Program
from tests.plugins.waiting import wait_until

IMAGE = "rabbitmq:4"
DEBIAN_SCRIPT = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""The server itself. The one on PATH is a wrapper that only root and rabbitmq may call, and changes the user."""


def serves_amqp(host: str, port: int) -> bool:
    """Whether a broker completes an AMQP handshake as guest."""
    try:
        with amqp.Connection(f"{host}:{port}", userid="guest", password="guest", connect_timeout=5, read_timeout=5):
            return True
    except (OSError, amqp.AMQPError):
        return False


def listens(port: int) -> bool:
    """Whether something accepts connections on a loopback port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def private_node(folder: Path) -> tuple[list[Program], str]:
    """Starts a node of its own with its own epmd on free ports, all its files in ``folder``."""
    port, distribution, epmd_port = free_port(), free_port(), free_port()
    config = folder / "rabbitmq.conf"
    config.write_text(f"listeners.tcp.1 = 127.0.0.1:{port}\nloopback_users.guest = true\nlog.console = true\n")
    (folder / "enabled_plugins").write_text("[].\n")
    environment = {
        "HOME": str(folder),  # the Erlang cookie lies there
        "ERL_EPMD_PORT": str(epmd_port),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"test-{secrets.token_hex(4)}@localhost",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "RABBITMQ_CONFIG_FILE": str(config.with_suffix("")),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
    }
    # A node would start an epmd by itself, as a daemon that outlives it.
    epmd = Program(["epmd", "-port", str(epmd_port)], log=folder / "epmd.log", environment=environment)
    node = Program([str(DEBIAN_SCRIPT)], log=folder / "node.log", environment=environment)
    epmd.start(ready=lambda: listens(epmd_port), within=10)
    try:
        node.start(ready=lambda: listens(port) and serves_amqp("127.0.0.1", port), within=50)
    except BaseException:
        epmd.stop()
        raise
    return [node, epmd], f"amqp://guest:guest@127.0.0.1:{port}//"


@pytest.fixture(scope="session")
def rabbitmq_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the session's broker. Tests share it; each keeps to its own ``namespace``."""
    if url := os.environ.get("TEST_AMQP_URL"):
        yield url
        return
    at_hand, why = image_at_hand(IMAGE)
    if at_hand:
        from testcontainers.core.container import DockerContainer

        with DockerContainer(IMAGE).with_exposed_ports(5672) as container:
            host, port = container.get_container_host_ip(), int(container.get_exposed_port(5672))
            wait_until(lambda: serves_amqp(host, port), within=50, what="RabbitMQ in its container")
            yield f"amqp://guest:guest@{host}:{port}//"
        return
    if not DEBIAN_SCRIPT.exists() or not shutil.which("epmd"):
        pytest.skip(f"No RabbitMQ ({why}): apt-get install rabbitmq-server, or set TEST_AMQP_URL.")
    programs, url = private_node(tmp_path_factory.mktemp("rabbitmq"))
    with ExitStack() as stack:
        for program in reversed(programs):
            SESSION_PIDS.add(program.pid)
            stack.callback(program.stop)
        yield url
