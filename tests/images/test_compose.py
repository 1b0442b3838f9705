"""The whole stack as people start it: a job through the one origin, watched by every kind of Socket.IO client."""

from __future__ import annotations

import json
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.images.stack import REPOSITORY, TOKEN, Stack
from tests.plugins.waiting import wait_until

SOCKETS = 20
KINDS = ("default", "polling", "websocket")
UPGRADED = {"default": "websocket", "polling": "polling", "websocket": "websocket"}


def test_only_the_compose_file_lets_development_mode_listen_beyond_loopback() -> None:
    setting = "AUTH_ALLOW_INSECURE_BIND"
    deployment = [
        path
        for pattern in ("*.yml", "*.yaml", "Dockerfile", "deploy/**/*.yml", "deploy/**/*.cfg", ".ci/*", "Makefile")
        for path in REPOSITORY.glob(pattern)
    ]

    assert [path.name for path in deployment if setting in path.read_text()] == ["docker-compose.yml"]


def test_what_is_published_listens_on_loopback_only() -> None:
    published = [line for line in (REPOSITORY / "docker-compose.yml").read_text().splitlines() if "ports:" in line]

    assert len(published) == 3
    assert all('["127.0.0.1:${' in line for line in published)


@pytest.mark.compose
@pytest.mark.timeout(900)
def test_every_kind_of_client_sees_its_job_complete_through_two_notifiers(stack: Stack, javascript: Path) -> None:
    with ExitStack() as running:
        crowds = {kind: running.enter_context(crowd(kind, stack=stack, javascript=javascript)) for kind in KINDS}
        for kind in KINDS:
            assert line(crowds[kind]) == {"joined": SOCKETS}, kind

        jobs = {
            kind: stack.submit(user=f"user-{kind}", session=f"session-{kind}", repository="acme/sample")
            for kind in KINDS
        }

        for kind in KINDS:
            for _ in range(SOCKETS):
                seen = line(crowds[kind])
                assert seen["transport"] == UPGRADED[kind]
                assert {update["jobId"] for update in seen["updates"]} == {jobs[kind]}
                # From the first change on, each exactly once and in order.
                assert [update["seq"] for update in seen["updates"]] == list(range(1, len(seen["updates"]) + 1))
                assert seen["updates"][-1]["status"] == "completed"
            assert crowds[kind].wait(timeout=30) == 0

    for kind, job_id in jobs.items():
        record = stack.job(job_id, user=f"user-{kind}")
        assert record["status"] == "completed"
        assert record["result"]["workflow"] == "analyze"
        assert "Python" in record["result"]["result"]
    wait_until(
        lambda: len(stack.query("codeforge_events_sent_total > 0", by="instance")) == 2,
        within=30,
        what="updates sent by both notifiers",
    )


@pytest.mark.compose
@pytest.mark.timeout(900)
def test_a_token_is_sealed_by_a_gateway_and_opened_by_a_worker_and_nowhere_else(stack: Stack) -> None:
    without = stack.submit(user="grace", session="private", repository="private/sample")
    with_token = stack.submit(user="grace", session="private", repository="private/sample", token=TOKEN)

    assert stack.ended(without, user="grace")["status"] == "failed"
    assert stack.ended(with_token, user="grace")["status"] == "completed"
    assert TOKEN not in str(stack.job(with_token, user="grace"))
    assert TOKEN not in stack.compose("logs", "gateway", "notifier", "worker", "proxy")


def crowd(kind: str, *, stack: Stack, javascript: Path) -> subprocess.Popen[str]:
    """Starts twenty sockets of one kind, all of one user of their own."""
    command = ["node", "crowd.mjs", "--url", stack.origin, "--transports", kind, "--sockets", str(SOCKETS)]
    return subprocess.Popen(
        [*command, "--user", f"user-{kind}", "--session", f"session-{kind}", "--seconds", "90"],
        cwd=javascript,
        stdout=subprocess.PIPE,
        text=True,
    )


def line(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    said = process.stdout.readline()
    assert said, f"the client ended with {process.wait()}"
    answer: dict[str, Any] = json.loads(said)
    return answer
