"""Edge and worker as `make run` starts them."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from functools import partial

from codeforge_common.settings import load
from codeforge_common.stop_signals import LONGEST_SECONDS
from codeforge_common.telemetry.probe import INHERITED
from codeforge_local import probe
from codeforge_local.ports import free_port
from codeforge_local.service import Service
from codeforge_local.settings import LocalSettings
from codeforge_worker.settings import WorkerSettings
from codeforge_worker.shutdown import FORCED_SECONDS

DEVELOPMENT = {
    "AUTH_MODE": "none",
    "AGENT_ALLOW_LOCAL_REPOSITORIES": "true",
    "METRICS_PUBLIC": "true",
    # Lines appear when they are written, also where our output goes to a file.
    "PYTHONUNBUFFERED": "1",
}
"""What is set unless the environment says otherwise."""


def environment(settings: LocalSettings, *, redis_url: str) -> dict[str, str]:
    """Ours with the defaults of development. An empty variable counts as unset, as everywhere."""
    said = {name: value for name, value in os.environ.items() if value}
    state_dir = str(settings.state_dir.absolute())
    return DEVELOPMENT | said | {"REDIS_URL": redis_url, "STATE_DIR": state_dir}


def edge(settings: LocalSettings, base: Mapping[str, str], *, probes: socket.socket) -> Service:
    """Gateway and notifier on ``PORT``; ``probes`` has to stay open as long as it runs.

    Its readiness is asked there, where it answers once it has ``PORT``: on that one another program may answer, which
    took it first.
    """
    host, port = _reachable(settings.host), settings.port or free_port(settings.host)
    return Service(
        name="edge",
        command=(sys.executable, "-m", "codeforge_edge"),
        environment={**base, "PORT": str(port), **_answering(probes)},
        ready=partial(probe.http, *_address(probes), "/readyz"),
        address=f"http://{host}:{port} (HTTP API, its documentation on /docs, Socket.IO)",
        grace=LONGEST_SECONDS,
        inherits=(probes.fileno(),),
    )


def worker(base: Mapping[str, str], *, probes: socket.socket) -> Service:
    """One worker with all job types; ``probes`` has to stay open as long as it runs.

    Raises ConfigurationError for settings that it couldn't start with.
    """
    host, port = _address(probes)
    return Service(
        name="worker",
        command=(sys.executable, "-m", "codeforge_worker"),
        environment={**base, **_answering(probes)},
        ready=partial(probe.http, host, port, "/readyz"),
        address=f"http://{host}:{port}/readyz (its state; metrics on /metrics)",
        grace=load(WorkerSettings).worker_grace_seconds + FORCED_SECONDS,
        inherits=(probes.fileno(),),
    )


def _answering(probes: socket.socket) -> dict[str, str]:
    return {"METRICS_HOST": f"{INHERITED}{probes.fileno()}", "METRICS_PORT": str(_address(probes)[1])}


def _address(listener: socket.socket) -> tuple[str, int]:
    host, port = listener.getsockname()
    return host, port


def _reachable(host: str) -> str:
    """Where a browser on this machine finds what listens on ``host``."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not listened on
        return "localhost"
    return f"[{host}]" if ":" in host else host
