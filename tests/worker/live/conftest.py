"""Fixtures of the tests that run real workers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.worker.live.bench import Bench
from tests.worker.live.package import install_probe


@pytest.fixture(scope="session")
def probe_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH with the test handlers installed."""
    return install_probe(tmp_path_factory.mktemp("packages"))


@pytest.fixture
async def bench(redis_url: str, namespace: str, tmp_path: Path, probe_packages: Path) -> AsyncIterator[Bench]:
    """A store on the session's server, and workers."""
    made = Bench(url=redis_url, namespace=namespace, folder=tmp_path, packages=probe_packages)
    yield made
    await made.close()
