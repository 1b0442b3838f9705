"""How every process that serves connections takes its port."""

from __future__ import annotations

import socket

from codeforge_common.errors import ConfigurationError

KEEP_ALIVE_SECONDS = 75
"""Longer than proxies keep an idle connection: the side that sends requests should be the one that closes."""

BACKLOG = 2048
"""Connections that may wait to be accepted."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; ``port`` 0 takes a free one. Raises ConfigurationError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host.strip("[]"), port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigurationError(f"PORT: {host}:{port} can't be listened on: {error.strerror}") from None
    listener.setblocking(False)
    return listener
