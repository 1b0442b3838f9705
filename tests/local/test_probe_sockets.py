from __future__ import annotations

import socket
from typing import Any

import pytest

from codeforge_common.errors import ConfigurationError
from codeforge_local import probe_sockets
from codeforge_local.ports import is_free
from codeforge_local.settings import LocalSettings


@pytest.fixture
def free_defaults(monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """Default ports of edge and worker that are free (something may run on the real ones), and stay so: the kernel
    gives out higher ones."""
    edge, worker, *_ = (port for port in range(21_000, 21_100) if is_free("127.0.0.1", port))
    monkeypatch.setattr(probe_sockets, "EDGE_PORT", edge)
    monkeypatch.setattr(probe_sockets, "WORKER_PORT", worker)
    return edge, worker


def _settings(**values: Any) -> LocalSettings:
    return LocalSettings(**{"port": 0, **values})


def _port(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def _ports(settings: LocalSettings) -> tuple[int, int]:
    with probe_sockets.for_edge(settings) as edge, probe_sockets.for_worker(settings) as worker:
        return _port(edge), _port(worker)


def test_the_first_has_the_default_ports_and_the_second_others(free_defaults: tuple[int, int]) -> None:
    with probe_sockets.for_edge(_settings()) as edge, probe_sockets.for_worker(_settings()) as worker:
        assert (_port(edge), _port(worker)) == free_defaults
        second = _ports(_settings())
        assert len({*free_defaults, *second}) == 4
    assert _ports(_settings()) == free_defaults, "they are free again"


def test_0_takes_free_ones(free_defaults: tuple[int, int]) -> None:
    assert not {*_ports(_settings(metrics_port=0))} & {0, *free_defaults}


def test_a_port_that_is_said_is_the_edge_s_and_the_worker_has_another(free_defaults: tuple[int, int]) -> None:
    default = free_defaults[1]
    edge, worker = _ports(_settings(metrics_port=default))
    assert edge == default
    assert worker != default


@pytest.mark.parametrize("variable", ["port", "valkey_port"])
def test_a_default_that_is_said_to_be_for_something_else_is_left_alone(
    free_defaults: tuple[int, int], variable: str
) -> None:
    for said in free_defaults:
        assert said not in _ports(_settings(**{variable: said}))


def test_a_port_that_is_said_and_taken_is_a_clear_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = _port(other)
        with pytest.raises(
            ConfigurationError, match=rf"^Port {taken} is in use\. Set METRICS_PORT to another, or to 0"
        ):
            probe_sockets.for_edge(_settings(metrics_port=taken))
