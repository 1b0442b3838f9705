"""An edge process of its own on the session's server."""

from __future__ import annotations

import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.plugins.ports import free_port
from tests.plugins.program import Program


@dataclass(frozen=True)
class Edge:
    """A running edge."""

    program: Program
    url: str

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"{self.url}{path}", timeout=10) as answer:
            text: bytes = answer.read()
            return text.decode()


@pytest.fixture
def edge(redis_url: str, namespace: str, tmp_path: Path) -> Iterator[Edge]:
    port, metrics = free_port(), free_port()
    program = Program(
        [sys.executable, "-m", "codeforge_edge"],
        log=tmp_path / "edge.log",
        environment={
            "REDIS_URL": redis_url,
            "STORE_NAMESPACE": namespace,
            "STATE_DIR": str(tmp_path / "state"),
            "PORT": str(port),
            "METRICS_PORT": str(metrics),
            "METRICS_PUBLIC": "true",
        },
    )
    url = f"http://127.0.0.1:{port}"
    program.start(ready=lambda: _is_ready(f"{url}/readyz"), within=30)
    yield Edge(program, url)
    program.stop()


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
