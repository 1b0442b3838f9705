"""How many connections this process has to its servers: small plans allow few, so each service says what it takes."""

from __future__ import annotations

from urllib.parse import urlsplit

import psutil

_PORTS = {"redis": 6379, "rediss": 6379, "sentinel": 6379, "amqp": 5672, "amqps": 5671}


def own_connections(*urls: str) -> int:
    """Established TCP connections of this process to the ports of ``urls``, as the operating system counts them.

    With ``sentinel://`` the master's port is known to the sentinels only; the usual one is assumed.
    """
    ports = {_port(url) for url in urls}
    return sum(
        one.status == psutil.CONN_ESTABLISHED and bool(one.raddr) and one.raddr.port in ports
        for one in psutil.Process().net_connections("tcp")
    )


def _port(url: str) -> int:
    parts = urlsplit(url)
    if parts.scheme == "sentinel":
        return _PORTS["sentinel"]
    return parts.port or _PORTS[parts.scheme]
