"""What processes that have nothing to do ask of the server."""

from __future__ import annotations

import re
import socket
import time
from collections import Counter

from tests.plugins.redis_server import RedisServer

SETTLE_SECONDS = 8.0
"""So that what a start asks for is over, the first sign of life on each connection too."""

SECONDS = 10.0

_COMMAND = re.compile(rb'^\+\S+ \[\d+ (?!lua|unix)\S+\] "([^"]+)"', re.MULTILINE)
"""A line of MONITOR that came over a connection; what a script runs has ``lua`` for an address."""


def commands_a_second(server: RedisServer, *, seconds: float = SECONDS) -> dict[str, float]:
    """Commands a second by name, of everybody connected."""
    time.sleep(SETTLE_SECONDS)
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(b"MONITOR\r\n")
        connection.settimeout(0.1)
        heard = bytearray()
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            try:
                heard += connection.recv(1 << 16)
            except TimeoutError:
                continue
    counted = Counter(name.decode().upper() for name in _COMMAND.findall(heard))
    return {name: count / seconds for name, count in counted.most_common()}
