"""Fake services for the supervisor of `make run`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from codeforge_local import probe
from codeforge_local.service import Service
from tests.plugins.ports import free_port

FAKE = Path(__file__).with_name("fake_service.py")


class Notes:
    """What the fake services of a test wrote down, in order."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self) -> list[str]:
        return self.path.read_text().splitlines() if self.path.exists() else []

    def pids(self, word: str = "started") -> list[int]:
        return [int(line.split()[2]) for line in self.lines() if line.split()[1] == word]


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return Notes(tmp_path / "notes")


@pytest.fixture
def fake(notes: Notes) -> Callable[..., Service]:
    """Makes a service: ``fake("worker", "--deaf", grace=1)``."""

    def make(name: str, *options: str, grace: float = 10) -> Service:
        port = free_port()
        return Service(
            name=name,
            command=(sys.executable, str(FAKE), str(port), str(notes.path), *options),
            environment=os.environ,
            ready=partial(probe.http, "127.0.0.1", port, "/readyz"),
            address=f"http://127.0.0.1:{port}",
            grace=grace,
        )

    return make
