"""Lesson 6. A team adds a job type: it installs a package beside a worker, and changes nothing else.

The package is ``docs/examples/tables``. Its ``pyproject.toml`` names its handlers under ``codeforge.handlers``; the
worker finds them when it starts and announces them to the store, with the shape of their ``context`` and which fields
of it are secret. Gateways read that there. ``docs/how-to/write-a-handler.md`` walks through the code.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from tests.plugins.house import House

PACKAGE = Path(__file__).parents[2] / "docs/examples/tables"
SALES = "city,fruit\nRome,fig\nOslo,fig\nOslo,plum\n"


@pytest.fixture(scope="module")
def house_without(house: House) -> House:
    """The house before the package came."""
    with httpx2.Client(base_url=house.url()) as gateway:
        order = {"userId": "ada", "sessionId": "lesson-6", "userMessage": "What is in it?"}
        assert gateway.post("/api/jobs/table-profile", json=order).status_code == 404
    return house


@pytest.fixture(scope="module")
def table_worker(house_without: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A second worker, with the package installed for it alone."""
    site = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", site, PACKAGE], check=True, timeout=60)
    types = "table_archive,table_profile"
    worker = house_without.start("worker", name="worker-tables", PYTHONPATH=str(site), WORKER_TYPES=types)
    yield
    worker.stop(grace=30)


@pytest.mark.usefixtures("table_worker")
def test_the_new_type_is_there_like_any_other(gateway: httpx2.Client, submit: Callable[..., str]) -> None:
    """Neither gateway nor notifier was told, or started again."""
    # Given a worker with the package beside it, when a job of its type is submitted,
    job = gateway.get(submit("table-profile", csv=SALES), headers={"Prefer": "wait=25"}).json()["job"]

    # then its handler has done it, in a process of its own, since it computes and so would block others.
    assert job["status"] == "completed"
    assert job["result"]["rows"] == 3
    assert job["result"]["columns"]["fruit"] == {"values": 2, "mostFrequent": "fig"}
    assert job["stage"] == "Column fruit"


@pytest.mark.usefixtures("table_worker")
def test_a_context_of_another_shape_is_refused_at_the_door(gateway: httpx2.Client) -> None:
    """The handler said what it needs as a JSON schema, so that it never meets anything else."""
    # When somebody forgets the table,
    order = {"userId": "ada", "sessionId": "lesson-6", "userMessage": "What is in it?", "context": {}}
    answer = gateway.post("/api/jobs/table-profile", json=order)

    # then the gateway, which knows nothing of tables, says so.
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["path"].startswith("context")
