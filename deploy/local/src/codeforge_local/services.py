"""Edge and worker as `make run` starts them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import partial

from codeforge_common.settings import load
from codeforge_common.stop_signals import LONGEST_SECONDS
from codeforge_local import probe
from codeforge_local.ports import free_port
from codeforge_local.service import Service
from codeforge_local.settings import LocalSettings
from codeforge_worker.settings import WorkerSettings
from codeforge_worker.shutdown import FORCED_SECONDS

METRICS_HOST = "127.0.0.1"

EDGE_PROBES = 9101
WORKER_PROBES = 9103
"""Where they serve their probes by default, here and everywhere."""

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


def edge(settings: LocalSettings, base: Mapping[str, str]) -> Service:
    """Gateway and notifier on ``PORT``."""
    host, port = _reachable(settings.host), settings.port or free_port(settings.host)
    probes = settings.edge_probes_port or _free_probes_port(settings, preferred=EDGE_PROBES)
    return Service(
        name="edge",
        command=(sys.executable, "-m", "codeforge_edge"),
        environment={**base, "PORT": str(port), **_probes(probes)},
        ready=partial(probe.http, host.strip("[]"), port, "/readyz"),
        address=f"http://{host}:{port} (HTTP API, its documentation on /docs, Socket.IO)",
        grace=LONGEST_SECONDS,
    )


def worker(settings: LocalSettings, base: Mapping[str, str]) -> Service:
    """One worker with all job types. Raises ConfigurationError for settings that it couldn't start with."""
    edges = settings.edge_probes_port == WORKER_PROBES
    port = _free_probes_port(settings, preferred=0 if edges else WORKER_PROBES)
    return Service(
        name="worker",
        command=(sys.executable, "-m", "codeforge_worker"),
        environment={**base, **_probes(port)},
        ready=partial(probe.http, METRICS_HOST, port, "/readyz"),
        address=f"http://{METRICS_HOST}:{port}/readyz (its state; metrics on /metrics)",
        grace=load(WorkerSettings).worker_grace_seconds + FORCED_SECONDS,
    )


def _free_probes_port(settings: LocalSettings, *, preferred: int) -> int:
    """A port for a service's probes: the one that it has everywhere, unless that is taken or `METRICS_PORT` is `0`."""
    return free_port(METRICS_HOST, preferred=preferred if settings.metrics_port else 0)


def _probes(port: int) -> dict[str, str]:
    return {"METRICS_HOST": METRICS_HOST, "METRICS_PORT": str(port)}


def _reachable(host: str) -> str:
    """Where a browser on this machine finds what listens on ``host``."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not listened on
        return "localhost"
    return f"[{host}]" if ":" in host else host
