from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from codeforge_common.errors import ConfigurationError
from codeforge_common.stop_signals import LONGEST_SECONDS
from codeforge_local import probe, services
from codeforge_local.keeper import Keeper
from codeforge_local.service import Service
from codeforge_local.settings import LocalSettings
from codeforge_worker.shutdown import FORCED_SECONDS

MakeService = Callable[..., Service]


@pytest.fixture
def settings(tmp_path: Path) -> LocalSettings:
    return LocalSettings(state_dir=tmp_path, port=0, metrics_port=0)


@pytest.fixture
def probes() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def test_development_is_a_default_that_the_environment_overrules(
    settings: LocalSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METRICS_PUBLIC", "false")
    monkeypatch.setenv("AUTH_MODE", "")  # empty is unset
    given = services.environment(settings, redis_url="redis://elsewhere")

    assert given["AUTH_MODE"] == "none"
    assert given["AGENT_ALLOW_LOCAL_REPOSITORIES"] == "true"
    assert given["METRICS_PUBLIC"] == "false"
    assert given["REDIS_URL"] == "redis://elsewhere"
    assert given["STATE_DIR"] == str(settings.state_dir)


def test_each_inherits_the_socket_of_its_probes(settings: LocalSettings, probes: socket.socket) -> None:
    descriptor, port = probes.fileno(), probes.getsockname()[1]
    for service in (services.edge(settings, {}, probes=probes), services.worker({}, probes=probes)):
        assert service.inherits == (descriptor,)
        assert service.environment["METRICS_HOST"] == f"fd://{descriptor}"
        assert service.environment["METRICS_PORT"] == str(port)


def test_the_edge_has_a_free_port_where_nobody_says_which(settings: LocalSettings, probes: socket.socket) -> None:
    port = int(services.edge(settings, {}, probes=probes).environment["PORT"])
    assert port not in (0, 8000, probes.getsockname()[1])


async def test_what_somebody_else_answers_on_the_edge_s_port_is_not_its_readiness(
    settings: LocalSettings, probes: socket.socket, fake: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "_TIMEOUT", 0.1)
    other = fake("edge of another installation")
    kept = Keeper(other)
    kept.start()
    try:
        await asyncio.wait_for(kept.ready.wait(), 30)
        said = settings.model_copy(update={"port": int(other.command[2])})
        assert await services.edge(said, {}, probes=probes).ready() == "no answer yet"
    finally:
        await kept.stop()


@pytest.mark.parametrize("seconds", [0, 25, 600])
def test_each_service_has_the_time_after_which_it_ends_itself(
    settings: LocalSettings, probes: socket.socket, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    monkeypatch.setenv("WORKER_GRACE_SECONDS", str(seconds))
    assert services.worker({}, probes=probes).grace == seconds + FORCED_SECONDS
    assert services.edge(settings, {}, probes=probes).grace == LONGEST_SECONDS


def test_a_setting_that_the_worker_cant_start_with_is_said_before_anything_starts(
    probes: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKER_GRACE_SECONDS", "soon")
    with pytest.raises(ConfigurationError, match="WORKER_GRACE_SECONDS"):
        services.worker({}, probes=probes)


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "localhost"), ("::1", "[::1]"), ("::", "localhost")]
)
def test_an_address_is_shown_as_a_browser_wants_it(
    settings: LocalSettings, probes: socket.socket, host: str, shown: str
) -> None:
    edge = services.edge(settings.model_copy(update={"host": host, "port": 8123}), {}, probes=probes)

    assert edge.address.startswith(f"http://{shown}:8123 ")
