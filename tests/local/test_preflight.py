from __future__ import annotations

import socket

import pytest

from codeforge_common.errors import ConfigurationError
from codeforge_local import preflight
from codeforge_local.ports import is_free
from codeforge_local.settings import LocalSettings


def test_a_missing_git_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ConfigurationError, match="git was not found"):
        preflight.check(LocalSettings(port=0))


def test_a_port_in_use_is_named_with_a_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not is_free("127.0.0.1", port)
        with pytest.raises(ConfigurationError, match=rf"Port {port} is in use.*PORT={port + 1} make run"):
            preflight.check(LocalSettings(port=port))


def test_an_address_of_another_machine_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"HOST: 192\.0\.2\.1"):
        preflight.check(LocalSettings(host="192.0.2.1"))
