"""The how-to "Add a job type", done: a package of its files, installed beside the worker alone, used over HTTP."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.plugins.house import House
from tests.plugins.waiting import wait_until

HOW_TO = Path(__file__).parents[2] / "docs/how-to/add-a-job-type.md"


@pytest.fixture
def beside_the_worker(tmp_path: Path) -> Path:
    """A folder into which the package of the how-to has been installed."""
    shown = re.findall(r"```(\w+)\n(.*?)```", HOW_TO.read_text(), re.DOTALL)
    blocks = dict(reversed(shown))  # the first of each language
    source, target = tmp_path / "acme-word-count", tmp_path / "site"
    source.mkdir()
    (source / "pyproject.toml").write_text(blocks["toml"])
    (source / "acme_word_count.py").write_text(blocks["python"])
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", target, source], check=True, timeout=60)
    return target


def submit(house: House, context: dict[str, Any]) -> httpx2.Response:
    body = {"userId": "ann", "sessionId": "s1", "userMessage": "count", "context": context}
    return httpx2.post(f"{house.url()}/api/jobs/word-count", json=body)


def job(house: House, job_id: str) -> dict[str, Any]:
    record: dict[str, Any] = httpx2.get(f"{house.url()}/api/jobs/{job_id}").json()["job"]
    return record


def finished(house: House, submitted: httpx2.Response) -> dict[str, Any]:
    assert submitted.status_code == 202, submitted.text
    job_id = submitted.json()["jobId"]
    wait_until(lambda: job(house, job_id)["completedAt"] is not None, within=10, what="the end of the job")
    return job(house, job_id)


def test_a_package_beside_the_worker_is_all_that_it_takes(
    new_house: Callable[..., House], beside_the_worker: Path
) -> None:
    house = new_house("gateway")
    assert submit(house, {"text": "one two"}).status_code == 404
    house.start("worker", PYTHONPATH=str(beside_the_worker), WORKER_TYPES="word_count")

    done = finished(house, submit(house, {"text": "one two three", "key": "hunter2-hunter2"}))
    assert done["status"] == "completed"
    assert done["result"] == {"words": 3, "hadKey": True}
    assert done["stage"] == "Counting"
    assert done["logs"][-1].endswith("Found 3 words")
    assert "hunter2" not in str(done)

    failed = finished(house, submit(house, {"text": " "}))
    assert (failed["status"], failed["attemptsMade"]) == ("failed", 1)
    assert failed["failedReason"] == "no_words: There is nothing to count."

    refused = submit(house, {"words": 3})
    assert refused.status_code == 400
    assert any(error["path"].startswith("context") for error in refused.json()["errors"])
