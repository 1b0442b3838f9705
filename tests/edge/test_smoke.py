"""The two halves behind one port, in one process."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
import time
import urllib.request
from typing import Any

import pytest
import redis
import socketio

from tests.edge.conftest import Edge
from tests.plugins.ports import free_port
from tests.plugins.waiting import wait_for


def submit(edge: Edge, *, message: str = "Analyze this") -> str:
    body = {"userId": "ada", "sessionId": "s1", "userMessage": message}
    request = urllib.request.Request(
        f"{edge.url}/api/jobs/agent-task", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 202
        return str(json.load(answer)["jobId"])


class Watcher:
    """A Socket.IO client in Ada's room."""

    def __init__(self) -> None:
        self.client = socketio.AsyncClient()
        self.updates: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.client.on("job:update", self.updates.put)

    async def join(self, edge: Edge, *, transports: list[str]) -> dict[str, Any]:
        await self.client.connect(edge.url, auth={"userId": "ada"}, transports=transports)
        joined: dict[str, Any] = await self.client.call("join:user", "ada", timeout=10)
        return joined


@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_a_submit_on_one_half_is_seen_on_the_other(edge: Edge, transport: str) -> None:
    watcher = Watcher()
    assert (await watcher.join(edge, transports=[transport]))["ok"]
    try:
        job_id = await asyncio.to_thread(submit, edge)
        update = await asyncio.wait_for(watcher.updates.get(), 10)
    finally:
        await watcher.client.disconnect()

    assert (update["jobId"], update["status"], update["seq"]) == (job_id, "waiting", 1)


def test_both_halves_are_in_one_registry(edge: Edge) -> None:
    submit(edge)
    shown = edge.get("/metrics")

    assert re.search(r'^codeforge_jobs_submitted_total\{type="agent_task"\} 1\.0$', shown, re.MULTILINE)
    assert re.search(r"^codeforge_sockets 0\.0$", shown, re.MULTILINE)


def test_it_needs_few_connections(edge: Edge, redis_url: str) -> None:
    """Heroku's smallest plan allows 20 for everything (contract, section 5)."""
    with redis.Redis.from_url(redis_url) as client:

        def opened() -> int:
            return sum(int(each["id"]) > own for each in client.client_list())

        own = int(client.client_id())
        before = len(client.client_list())
        for _ in range(20):
            submit(edge)
        assert before <= 8
        assert opened() <= 6


async def test_it_stops_in_time_with_streams_and_sockets_open(edge: Edge) -> None:
    watcher = Watcher()
    await watcher.join(edge, transports=["websocket"])
    job_id = await asyncio.to_thread(submit, edge)
    stream = await asyncio.to_thread(urllib.request.urlopen, f"{edge.url}/api/jobs/{job_id}/events?userId=ada")
    process = edge.program.process
    assert process is not None
    try:
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        await wait_for(lambda: process.poll() is not None, within=15, what="the end of edge")
        assert process.returncode == 0
        assert time.monotonic() - began < 10
    finally:
        stream.close()
        await watcher.client.shutdown()


def test_another_port_serves_the_probes(edge: Edge) -> None:
    assert json.loads(edge.get("/healthz"))["status"] == "ok"
    port = edge.program.environment["METRICS_PORT"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
        assert answer.status == 200


def test_an_unexpected_error_in_the_background_ends_the_process(edge: Edge) -> None:
    broken = """
from codeforge_common.store import Store
from codeforge_edge.__main__ import main

async def cluster(self):
    raise RuntimeError("unheard of")

Store.cluster = cluster
main()
"""
    ports = {"PORT": str(free_port()), "METRICS_PORT": str(free_port())}
    ended = subprocess.run(
        [sys.executable, "-c", broken],
        env=dict(edge.program.environment) | ports,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    assert (ended.stdout + ended.stderr).count("RuntimeError: unheard of") == 1
