"""Edge and worker as `make run` starts them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import partial

from codeforge_local import probe
from codeforge_local.ports import free_port
from codeforge_local.service import Service
from codeforge_local.settings import LocalSettings

METRICS_HOST = "127.0.0.1"

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
    port = settings.port or free_port(settings.host)
    metrics = free_port(METRICS_HOST, preferred=9101)
    return Service(
        name="edge",
        command=(sys.executable, "-m", "codeforge_edge"),
        environment={**base, "PORT": str(port), "METRICS_HOST": METRICS_HOST, "METRICS_PORT": str(metrics)},
        ready=partial(probe.http, METRICS_HOST, metrics, "/readyz"),
        address=f"http://{_reachable(settings.host)}:{port} (HTTP API, its documentation on /docs, Socket.IO)",
    )


def worker(base: Mapping[str, str]) -> Service:
    """One worker with all job types."""
    metrics = free_port(METRICS_HOST, preferred=9103)
    return Service(
        name="worker",
        command=(sys.executable, "-m", "codeforge_worker"),
        environment={**base, "METRICS_HOST": METRICS_HOST, "METRICS_PORT": str(metrics)},
        ready=partial(probe.http, METRICS_HOST, metrics, "/readyz"),
        address=f"http://{METRICS_HOST}:{metrics}/readyz (its state; metrics on /metrics)",
    )


def _reachable(host: str) -> str:
    """Where a browser on this machine finds what listens on ``host``."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not listened on
        return "localhost"
    return f"[{host}]" if ":" in host else host
