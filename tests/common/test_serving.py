from __future__ import annotations

import socket

import pytest

from codeforge_common.errors import ConfigurationError
from codeforge_common.serving import listen


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "[::1]"])
def test_port_0_takes_a_free_one(host: str) -> None:
    try:
        listener = listen(host, 0)
    except ConfigurationError:
        assert ":" in host, "a machine may be without IPv6"
        return
    with listener, socket.create_connection(listener.getsockname()[:2], timeout=5):
        assert not listener.getblocking()


def test_a_taken_port_is_said_to_be() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"PORT: 127.0.0.1:{port} can't be listened on"):
            listen("127.0.0.1", port)
