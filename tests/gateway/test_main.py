"""The gateway as a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.gateway.harness import TASK
from tests.plugins.ports import free_port
from tests.plugins.program import Program
from tests.plugins.redis_server import RedisServer
from tests.plugins.waiting import wait_until

COMMAND = [sys.executable, "-m", "codeforge_gateway"]


@dataclass(frozen=True)
class Process:
    program: Program
    url: str
    probes: str


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@pytest.fixture
def environment(redis_url: str, namespace: str, tmp_path: Path) -> dict[str, str]:
    return {
        "REDIS_URL": redis_url,
        "STORE_NAMESPACE": namespace,
        "STATE_DIR": str(tmp_path / "state"),
        "PORT": str(free_port()),
        "METRICS_PORT": str(free_port()),
    }


@pytest.fixture
def process(environment: dict[str, str], tmp_path: Path) -> Iterator[Process]:
    program = Program(COMMAND, log=tmp_path / "gateway.log", environment=environment)
    url, probes = (f"http://127.0.0.1:{environment[name]}" for name in ("PORT", "METRICS_PORT"))
    program.start(ready=lambda: answers(f"{url}/readyz"), within=30)
    yield Process(program, url, probes)
    program.stop()


def refused(environment: dict[str, str], **changes: str) -> str:
    """What the process says before it ends with a non-zero code."""
    ended = subprocess.run(
        COMMAND, env=dict(environment | changes), capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.returncode == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.stderr


def test_it_serves_and_stops_within_the_second(process: Process) -> None:
    request = urllib.request.Request(
        f"{process.url}/api/jobs/agent-task", json.dumps(TASK).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 202
    for path in ("/healthz", "/readyz", "/metrics"):
        assert answers(f"{process.probes}{path}")
    assert not answers(f"{process.url}/metrics")

    stream = urllib.request.urlopen(f"{process.url}/api/events?userId=ada", timeout=10)
    assert stream.readline() == b"event: job:update\n"
    running = process.program.process
    assert running is not None
    for _ in range(3):
        running.send_signal(signal.SIGTERM)
    assert b"queued" not in stream.read(), "the stream is ended, not cut"
    assert running.wait(5) == 0
    assert "Traceback" not in process.program.output()


def test_a_port_in_use_is_said(process: Process, environment: dict[str, str]) -> None:
    assert "PORT: 127.0.0.1:" in refused(environment, METRICS_PORT="0")
    assert "METRICS_PORT: 127.0.0.1:" in refused(environment, PORT="0")


def test_development_mode_stays_on_loopback(environment: dict[str, str]) -> None:
    assert "AUTH_ALLOW_INSECURE_BIND" in refused(environment, HOST="0.0.0.0")


def test_a_setting_that_cant_be_used_is_named(environment: dict[str, str]) -> None:
    assert "MAX_BODY_BYTES" in refused(environment, MAX_BODY_BYTES="lots")


def test_durability_is_not_promised_where_it_cant_be_kept(
    environment: dict[str, str], new_redis: Callable[..., RedisServer]
) -> None:
    server = new_redis("--appendonly", "no")
    assert "JOB_DURABILITY" in refused(environment, JOB_DURABILITY="fsync", REDIS_URL=server.url)


def test_an_unexpected_error_in_the_background_ends_the_process(environment: dict[str, str]) -> None:
    """Whoever runs it starts it anew; a gateway without its loops would look healthy and rescue nothing."""
    broken = """
from codeforge_common.reaper import Reaper
from codeforge_gateway.__main__ import main

async def round(self):
    raise RuntimeError("unheard of")

Reaper.round = round
main()
"""
    ended = subprocess.run(
        [sys.executable, "-c", broken], env=dict(environment), capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.returncode == 1, ended.stderr
    assert (ended.stdout + ended.stderr).count("RuntimeError: unheard of") == 1


def test_it_starts_before_its_store_and_works_when_that_is_there(
    environment: dict[str, str], new_redis: Callable[..., RedisServer], tmp_path: Path
) -> None:
    server = new_redis()
    server.stop()
    program = Program(COMMAND, log=tmp_path / "gateway.log", environment=environment | {"REDIS_URL": server.url})
    url = f"http://127.0.0.1:{environment['PORT']}"
    program.start(ready=lambda: answers(f"{url}/healthz"), within=30)
    try:
        assert not answers(f"{url}/readyz")
        server.start()
        wait_until(lambda: answers(f"{url}/readyz"), within=20, what="readiness")
    finally:
        program.stop()
