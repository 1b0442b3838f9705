"""The house in which the lessons take place."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.guide import handlers
from tests.plugins.house import House, each_broker, open_house
from tests.plugins.namespace import fresh_namespace
from tests.plugins.program import SESSION_PIDS

__all__ = ["each_broker"]


@pytest.fixture(scope="package")
def job_types(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for ``PYTHONPATH`` that looks as if ``handlers.py`` had been installed there as a package."""
    folder = tmp_path_factory.mktemp("job-types")
    shutil.copy(handlers.__file__, folder / "guide_handlers.py")
    about = folder / "guide-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: guide\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[codeforge.handlers]\nguide = guide_handlers\n")
    return folder


@pytest.fixture(scope="package")
def house(
    redis_url: str, house_broker: str, job_types: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """Gateway, notifier and worker, started once for all lessons. A failed attempt is tried again soon."""
    environment = {"BROKER_URL": house_broker, "PYTHONPATH": str(job_types), "JOB_BACKOFF_SECONDS": "0.1"}
    with (
        fresh_namespace(redis_url) as namespace,
        open_house(
            folder=tmp_path_factory.mktemp("house"), redis_url=redis_url, namespace=namespace, environment=environment
        ) as house,
    ):
        pids = {program.pid for program in house.programs.values()}
        SESSION_PIDS.update(pids)
        yield house
        SESSION_PIDS.difference_update(pids)


@pytest.fixture
def gateway(house: House) -> Iterator[httpx2.Client]:
    """Somebody who calls the gateway."""
    with httpx2.Client(base_url=house.url("gateway"), timeout=30) as client:
        yield client


@pytest.fixture
def submit(gateway: httpx2.Client) -> Callable[..., str]:
    """A person sends a job: ``submit("agent-task", repository=…)``. Answers with the job's address."""

    def send(job_type: str, *, user: str = "ada", **context: Any) -> str:
        order = {"userId": user, "sessionId": "guide", "userMessage": "Please do it", "context": context}
        answer = gateway.post(f"/api/jobs/{job_type}", json=order)
        assert answer.status_code == 202, answer.text
        return answer.headers["Location"]

    return send
