from __future__ import annotations

import socket
from pathlib import Path

import pytest

from codeforge_common.errors import ConfigurationError
from codeforge_common.stop_signals import LONGEST_SECONDS
from codeforge_local import services
from codeforge_local.settings import LocalSettings
from codeforge_worker.shutdown import FORCED_SECONDS


@pytest.fixture
def settings(tmp_path: Path) -> LocalSettings:
    return LocalSettings(state_dir=tmp_path, port=0, metrics_port=0)


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


def test_every_service_has_ports_of_its_own_where_nobody_says_which(settings: LocalSettings) -> None:
    edge, worker = services.edge(settings, {}), services.worker(settings, {})

    ports = {edge.environment["PORT"], edge.environment["METRICS_PORT"], worker.environment["METRICS_PORT"]}
    assert len(ports) == 3
    assert not ports & {"0", "9101", "9103"}


@pytest.mark.parametrize("named", [9103, 29_101])
def test_metrics_port_is_the_edge_s_and_the_worker_finds_another(settings: LocalSettings, named: int) -> None:
    said = settings.model_copy(update={"metrics_port": named})
    assert services.edge(said, {}).environment["METRICS_PORT"] == str(named)
    assert services.worker(said, {}).environment["METRICS_PORT"] not in ("0", str(named))


def test_a_taken_port_of_the_probes_is_no_fault(settings: LocalSettings) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            other.bind(("127.0.0.1", 9103))
            other.listen()
        except OSError:
            pass  # somebody else has it: just as good
        worker = services.worker(settings.model_copy(update={"metrics_port": 9101}), {})

    assert worker.environment["METRICS_PORT"] != "9103"


@pytest.mark.parametrize("seconds", [0, 25, 600])
def test_each_service_has_the_time_after_which_it_ends_itself(
    settings: LocalSettings, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    monkeypatch.setenv("WORKER_GRACE_SECONDS", str(seconds))
    assert services.worker(settings, {}).grace == seconds + FORCED_SECONDS
    assert services.edge(settings, {}).grace == LONGEST_SECONDS


def test_a_setting_that_the_worker_cant_start_with_is_said_before_anything_starts(
    settings: LocalSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKER_GRACE_SECONDS", "soon")
    with pytest.raises(ConfigurationError, match="WORKER_GRACE_SECONDS"):
        services.worker(settings, {})


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "localhost"), ("::1", "[::1]"), ("::", "localhost")]
)
def test_an_address_is_shown_as_a_browser_wants_it(settings: LocalSettings, host: str, shown: str) -> None:
    edge = services.edge(settings.model_copy(update={"host": host, "port": 8123}), {})

    assert edge.address.startswith(f"http://{shown}:8123 ")
