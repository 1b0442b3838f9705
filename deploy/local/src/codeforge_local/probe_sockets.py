"""The sockets on which edge and worker answer probes.

They are opened here and inherited by the services. So nobody can take a port between its choice and the start of the
service, only our own service can answer there, and when it is started again it has the same port.
"""

from __future__ import annotations

import socket

from codeforge_common.errors import ConfigurationError
from codeforge_local.ports import listening
from codeforge_local.settings import LocalSettings

HOST = "127.0.0.1"

EDGE_PORT = 9101
WORKER_PORT = 9103
"""Where they serve their probes by default, here and everywhere."""


def for_edge(settings: LocalSettings) -> socket.socket:
    """On ``METRICS_PORT`` where that is said, else on the default or a free one. Raises ConfigurationError."""
    named = settings.edge_probes_port
    listener = listening(HOST, named) if named else _for_any(settings, preferred=EDGE_PORT)
    if listener is None:
        raise ConfigurationError(f"Port {named} is in use. Set METRICS_PORT to another, or to 0.")
    return listener


def for_worker(settings: LocalSettings) -> socket.socket:
    """On the default port or a free one; ask for it after the edge's, which may have been named the same."""
    return _for_any(settings, preferred=WORKER_PORT)


def _for_any(settings: LocalSettings, *, preferred: int) -> socket.socket:
    """The port that the service has everywhere, unless that is taken, meant for another, or `METRICS_PORT` is `0`."""
    wanted = settings.metrics_port and preferred not in (settings.port, settings.valkey_port)
    return (listening(HOST, preferred) if wanted else None) or socket.create_server((HOST, 0))
