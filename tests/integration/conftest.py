"""Whole installations that a test may attack: a server of its own, proxies, and every service as a process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.integration.installation import Installation
from tests.plugins.house import open_house
from tests.worker.live.bench import Bench
from tests.worker.live.package import install_probe

Install = Callable[..., Installation]


@pytest.fixture(scope="session")
def probe_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH with the test handlers installed."""
    return install_probe(tmp_path_factory.mktemp("packages"))


@pytest.fixture
async def install(tmp_path: Path, probe_packages: Path) -> AsyncIterator[Install]:
    """Makes installations: ``install(server.url, "gateway", JOB_MAX_CRASHES="2")`` starts those services over it."""
    async with AsyncExitStack() as stack:

        def make(url: str, *services: str, **environment: str) -> Installation:
            folder = Path(mkdtemp(prefix="installation-", dir=tmp_path))
            bench = Bench(url=url, namespace="codeforge", folder=folder, packages=probe_packages)
            stack.push_async_callback(bench.close)
            opened = open_house(
                *services,  # a gateway and a notifier at most: workers are the bench's
                folder=folder,
                redis_url=url,
                namespace=bench.namespace,
                environment={"LOG_FORMAT": "json", "JOB_LEASE_SECONDS": "3", "SUBMIT_RATE_LIMIT": "0", **environment},
            )
            return Installation(bench=bench, house=stack.enter_context(opened))

        yield make


@pytest.fixture
async def bench(redis_url: str, namespace: str, tmp_path: Path, probe_packages: Path) -> AsyncIterator[Bench]:
    """A store on the session's server, and workers."""
    made = Bench(url=redis_url, namespace=namespace, folder=tmp_path, packages=probe_packages)
    yield made
    await made.close()
