"""Ports of this machine."""

from __future__ import annotations

import errno
import socket

from codeforge_common.errors import ConfigurationError

_TAKEN = (errno.EADDRINUSE, errno.EACCES)


def is_free(host: str, port: int) -> bool:
    """Whether ``port`` can be listened on. Raises ConfigurationError when ``host`` isn't an address of this machine."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            # As servers do: what is left of closed connections (TIME_WAIT) doesn't count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno in _TAKEN:
            return False
        raise ConfigurationError(f"HOST: {host} is not an address of this machine.") from None
    return True


def free_port(host: str) -> int:
    """A port that nobody listens on. Somebody may until it is used, however unlikely: :func:`listening` is certain."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.bind(address)
        return int(probe.getsockname()[1])


def listening(host: str, port: int) -> socket.socket | None:
    """A socket that listens on ``port`` of an IPv4 ``host`` (0: on a free one); None when that port can't be had."""
    try:
        return socket.create_server((host, port))
    except OSError as error:
        if error.errno in _TAKEN:
            return None
        raise
