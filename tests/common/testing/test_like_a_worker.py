"""What the kit says becomes of a job is what becomes of it: the same handlers in the kit and in a real worker."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest

from codeforge_common.testing import AfterTelling, Job, Told, again, run, run_batch
from tests.common.testing import handlers
from tests.plugins.house import House
from tests.plugins.waiting import wait_until

KEY = "hunter2-hunter2"
BLOCKING = ("result", "fail", "error", "exits", "large")
BATCH = ("result", "fail", "error")
OWN_WORDS = ("Attempt ", "Cancel requested")
"""How lines begin that no handler has told."""
CANCELLED = ("cancelled", "result", "fail", "error")


@pytest.fixture
def house(new_house: Callable[..., House], tmp_path: Path) -> House:
    """A gateway, and a worker that has found the handlers as those of an installed package."""
    site = tmp_path / "site"
    (about := site / "probes-1.0.dist-info").mkdir(parents=True)
    shutil.copy(handlers.__file__, site / "probe_handlers.py")
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: probes\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[codeforge.handlers]\nprobes = probe_handlers\n")
    return new_house("gateway", "worker", PYTHONPATH=str(site), JOB_BACKOFF_SECONDS="0.1")


def order(job_type: str, how: str) -> dict[str, Any]:
    """What a client sends; every handler gets the key, whose message repeats it."""
    context = {"how": how, **({"key": KEY} if job_type == "probe" else {})}
    return {"userMessage": f"Try {KEY}" if job_type == "probe" else "Try", "context": context}


def in_the_kit(job_type: str, how: str) -> Mapping[str, Any]:
    """The job's end, after as many attempts as it takes."""
    sent = order(job_type, how)
    told = [run(getattr(handlers, job_type), message=sent["userMessage"], context=sent["context"])]
    while not told[-1].status.terminal:
        told.append(again(told[-1]))
    return seen(told)


def seen(told: list[Told]) -> Mapping[str, Any]:
    """What a client sees of a job at its end; ``told``: its runs."""
    last = told[-1]
    return {
        "status": last.status,
        "result": last.result,
        "failedReason": last.failed_reason,
        "attemptsMade": len(told),
        "stage": last.progress[-1][1] if last.progress else None,
        "logs": [line for each in told for line in each.logs],
        "steps": list(last.steps),
        "output": last.output,
    }


def cancel(gateway: httpx2.Client, address: str) -> None:
    """Cancels a real job, once it says that it waits."""
    wait_until(lambda: gateway.get(address).json()["job"]["stage"] == "Waiting", within=60, what=f"{address} to wait")
    assert gateway.delete(address).json()["success"]


def in_a_worker(gateway: httpx2.Client, address: str) -> Mapping[str, Any]:
    """The same of a real job."""

    def job() -> dict[str, Any]:
        answer: dict[str, Any] = gateway.get(address).json()["job"]
        return answer

    wait_until(lambda: job()["completedAt"] is not None, within=60, what=f"the end of {address}")
    ended = job()
    lines = [line.partition("] ")[2] for line in ended["logs"]]
    return {
        **{name: ended[name] for name in ("status", "result", "failedReason", "attemptsMade", "stage", "steps")},
        "logs": [line for line in lines if not line.startswith(OWN_WORDS)],
        "output": gateway.get(f"{address}/output").json()["output"],
    }


def test_each_job_ends_in_the_kit_as_in_a_worker(house: House) -> None:
    waiting = [("probe_waiting", how) for how in CANCELLED]
    jobs = [
        *waiting,
        *(("probe", how) for how in handlers.ENDS),
        *(("probe_blocking", how) for how in BLOCKING),
        *(("probe_batch", how) for how in BATCH),
    ]
    with httpx2.Client(base_url=house.url(), timeout=30) as gateway:

        def submit(job_type: str, how: str) -> str:
            body = {"userId": "ada", "sessionId": "s1", **order(job_type, how)}
            answer = gateway.post(f"/api/jobs/{job_type.replace('_', '-')}", json=body)
            assert answer.status_code == 202, answer.text
            return answer.headers["Location"]

        sent = {job: submit(*job) for job in jobs}
        for job in waiting:
            cancel(gateway, sent[job])
        real = {job: in_a_worker(gateway, address) for job, address in sent.items()}
    batch = run_batch(handlers.probe_batch, [Job(context={"how": how}) for how in BATCH])
    kit = {job: in_the_kit(*job) for job in jobs if job[0] not in ("probe_batch", "probe_waiting")}
    for job in waiting:
        told = run(handlers.probe_waiting, context={"how": job[1]}, cancel=AfterTelling("Waiting"))
        kit[job] = seen([told])
    kit |= {("probe_batch", how): seen([told]) for how, told in zip(BATCH, batch, strict=True)}
    for job in jobs:
        assert kit[job] == real[job], job
