"""Ports of this machine."""

from __future__ import annotations

import errno
import socket

from codeforge_common.errors import ConfigurationError


def is_free(host: str, port: int) -> bool:
    """Whether ``port`` can be listened on. Raises ConfigurationError when ``host`` isn't an address of this machine."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            # As servers do: what is left of closed connections (TIME_WAIT) doesn't count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            return False
        raise ConfigurationError(f"HOST: {host} is not an address of this machine.") from None
    return True


def free_port(host: str, *, preferred: int = 0) -> int:
    """``preferred`` if nobody listens there, else any free port."""
    if preferred and is_free(host, preferred):
        return preferred
    family, kind, protocol, _, address = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.bind(address)
        return int(probe.getsockname()[1])
