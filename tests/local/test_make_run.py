"""`make run` as a person meets it: real processes, a real job."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.plugins.ports import free_port
from tests.plugins.program import Program
from tests.plugins.waiting import wait_until

pytestmark = pytest.mark.timeout(180)

START = 40.0
"""Seconds for a start on a busy machine; alone it takes less than five."""


class Run:
    """One `python -m codeforge_local` with a state folder of its own."""

    def __init__(self, state_dir: Path, **environment: str) -> None:
        self.port = free_port()
        self.program = Program(
            [sys.executable, "-m", "codeforge_local"],
            log=state_dir.with_suffix(f".{self.port}.log"),
            environment={
                "REDIS_URL": "",
                "STATE_DIR": str(state_dir),
                "PORT": str(self.port),
                "METRICS_PORT": "0",
                **environment,
            },
        )
        self.program.start(ready=lambda: True, within=START)
        assert self.program.process is not None
        self.process = self.program.process

    def said(self) -> str:
        return self.program.log.read_text()

    def until_it_says(self, pattern: str, *, times: int = 1) -> None:
        def seen() -> bool:
            assert self.process.poll() is None, self.said()
            return len(re.findall(pattern, self.said(), re.MULTILINE)) >= times

        wait_until(seen, within=START, what=f"{pattern!r} in {self.program.log}")

    def until_it_runs(self) -> None:
        self.until_it_says("Everything runs")

    def end(self) -> int:
        """SIGTERM; its exit code, which has to come within 30 s."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def children(self) -> dict[str, psutil.Process]:
        found = {}
        for process in psutil.Process(self.process.pid).children():
            line = " ".join(process.cmdline())
            for word in ("codeforge_worker", "codeforge_edge", "valkey-server"):
                if word in line:
                    found[word] = process
        return found

    def call(self, path: str, body: Any = None, **headers: str) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **headers},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def make(**environment: str) -> Run:
        runs.append(Run(tmp_path / "state", **environment))
        return runs[-1]

    yield make
    for run in runs:
        run.program.stop(grace=30)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "hello.py").write_text("print('hello')  # TODO: say more\n")
    git = ["git", "-C", str(folder), "-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "Begin"]):
        subprocess.run([*git, *arguments], check=True)
    return folder


def test_a_job_is_done_survives_a_restart_and_nothing_is_left(start: Callable[..., Run], repository: Path) -> None:
    first = start()
    first.until_it_runs()
    assert re.findall(r"^(\w+) +ready +\w+://127\.0\.0\.1:\d+", first.said(), re.MULTILINE)[0] == "store"
    assert set(first.children()) == {"codeforge_worker", "codeforge_edge", "valkey-server"}
    assert {os.getsid(child.pid) for child in first.children().values()} == {os.getsid(first.process.pid)}

    body = {
        "userId": "ada",
        "sessionId": "s",
        "userMessage": "Analyze this repository",
        "context": {"repository": str(repository)},
    }
    submitted = first.call("/api/jobs/agent-task", body, Prefer="wait=25")
    assert submitted["status"] == "completed", submitted

    everything = psutil.Process(first.process.pid).children(recursive=True)
    assert first.end() == 0
    assert [process for process in everything if process.is_running()] == []

    second = start()
    second.until_it_runs()
    job = second.call(f"/api/jobs/{submitted['jobId']}?userId=ada")["job"]
    assert job["status"] == "completed"
    assert job["result"]["workflow"] == "analyze"


def test_a_service_that_is_killed_comes_back(start: Callable[..., Run]) -> None:
    run = start()
    run.until_it_runs()
    for name, child in run.children().items():
        child.kill()
        child.wait(10)
        part = {"codeforge_worker": "worker", "codeforge_edge": "edge", "valkey-server": "store"}[name]
        run.until_it_says(rf"^{part} +ended by SIGKILL; starting again in 0\.5 s")
        run.until_it_says(rf"^{part} +ready", times=2)
    assert run.call("/api/jobs/stats/queue")["success"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has parent-death signals")
def test_kill_9_of_all_of_it_leaves_nothing(start: Callable[..., Run]) -> None:
    run = start()
    run.until_it_runs()
    everything = psutil.Process(run.process.pid).children(recursive=True)
    run.process.kill()
    run.process.wait(10)
    _, alive = psutil.wait_procs(everything, timeout=5)
    assert alive == []


def test_a_server_that_is_named_is_used_and_none_is_started(
    start: Callable[..., Run], redis_url: str, namespace: str
) -> None:
    run = start(REDIS_URL=redis_url, STORE_NAMESPACE=namespace)
    run.until_it_runs()
    assert set(run.children()) == {"codeforge_worker", "codeforge_edge"}
    assert run.end() == 0


def test_a_second_instance_is_refused(start: Callable[..., Run], tmp_path: Path) -> None:
    start().until_it_says("^store +ready")
    second = start()
    assert second.process.wait(START) == 1
    assert "running already" in second.said()


def test_two_installations_that_start_at_once_have_probes_of_their_own(
    start: Callable[..., Run], tmp_path: Path
) -> None:
    runs = [start(STATE_DIR=str(tmp_path / name), METRICS_PORT="") for name in ("first", "second")]
    for run in runs:
        run.until_it_runs()
    for run in runs:
        assert "starting again" not in run.said()
        # Not anchored: a service's line and its end of line are two writes, ours may come between.
        (port,) = re.findall(r"worker +ready +http://127\.0\.0\.1:(\d+)/readyz", run.said())
        worker = run.children()["codeforge_worker"]
        assert int(port) in {each.laddr.port for each in worker.net_connections("tcp") if each.status == "LISTEN"}
    ports = [re.findall(r"probes listen.*port=\D*(\d+)", run.said()) for run in runs]
    assert len({*ports[0], *ports[1]}) == 4, ports


def test_a_port_of_the_probes_that_is_said_and_taken_is_refused(start: Callable[..., Run]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        run = start(METRICS_PORT=str(port))
        assert run.process.wait(START) == 1
    assert f"Port {port} is in use. Set METRICS_PORT" in run.said()


def test_a_port_in_use_is_refused(start: Callable[..., Run]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        run = start(PORT=str(port))
        assert run.process.wait(START) == 1
    assert f"Port {port} is in use" in run.said()


def test_a_missing_git_is_refused(start: Callable[..., Run], tmp_path: Path) -> None:
    run = start(PATH=str(tmp_path))
    assert run.process.wait(START) == 1
    assert "git was not found" in run.said()


def test_a_setting_that_cant_be_used_is_named(start: Callable[..., Run]) -> None:
    run = start(PORT="eighty")
    assert run.process.wait(START) == 1
    assert "PORT" in run.said()
    assert "Traceback" not in run.said()
