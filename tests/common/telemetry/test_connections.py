"""A process counts its own connections to its servers, and nobody else's."""

from __future__ import annotations

import socket

import pytest

from codeforge_common.telemetry.connections import own_connections


@pytest.fixture
def listener() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def test_connections_to_the_ports_are_counted_once_each(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    url = f"redis://127.0.0.1:{port}"
    with listener:
        assert own_connections(url) == 0
        with socket.create_connection(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)):
            assert own_connections(url, url) == 2
        assert own_connections(url) == 0


@pytest.mark.parametrize("url", ["redis://h", "rediss://h", "amqp://h", "sentinel://a:26379,b/0?master=m"])
def test_the_usual_ports_are_known(url: str) -> None:
    assert own_connections(url) >= 0
