"""``python -m codeforge_notifier`` as an operator meets it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.common.event_log.writer import Change, LogWriter
from tests.js.watch import watching
from tests.plugins.ports import free_port
from tests.plugins.program import Program
from tests.plugins.redis_server import RedisServer
from tests.plugins.waiting import wait_for

Launch = Callable[..., "Process"]


class Process:
    """A notifier process."""

    def __init__(self, redis_url: str, namespace: str, *, log: Path, **environment: str) -> None:
        self.port, self.probes = free_port(), free_port()
        self.program = Program(
            [sys.executable, "-m", "codeforge_notifier"],
            log=log,
            environment={
                "REDIS_URL": redis_url,
                "STORE_NAMESPACE": namespace,
                "PORT": str(self.port),
                "METRICS_PORT": str(self.probes),
                "LOG_FORMAT": "json",
                **environment,
            },
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def probe(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.probes}{path}", timeout=2) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def start(self, *, path: str = "/readyz") -> None:
        self.program.start(ready=lambda: self.probe(path)[0] == 200, within=20)

    def logged(self, event: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.program.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == event]


@pytest.fixture
def launch(redis_url: str, namespace: str, tmp_path: Path) -> Iterator[Launch]:
    processes: list[Process] = []

    def make(url: str = redis_url, **environment: str) -> Process:
        process = Process(url, namespace, log=tmp_path / f"{len(processes)}.log", **environment)
        processes.append(process)
        return process

    yield make
    for process in processes:
        process.program.stop()


@pytest.fixture
async def writer(redis_url: str, namespace: str) -> AsyncIterator[LogWriter]:
    client = Redis.from_url(redis_url)
    yield LogWriter(client, namespace=namespace)
    await client.aclose()


async def test_it_serves_and_shows_its_probes(launch: Launch, writer: LogWriter) -> None:
    process = launch()
    process.start()
    assert process.probe("/healthz")[0] == 200
    ready = json.loads(process.probe("/readyz")[1])
    assert ready["checks"]["event_log"] == {"ok": True, "detail": {"connections": 1}}
    shown = process.probe("/metrics")[1]
    for name in ("codeforge_sockets 0.0", "codeforge_events_sent_total 0.0", "codeforge_event_delivery_seconds_count"):
        assert name in shown
    assert process.logged("notifier listens")
    async with watching(process.url, "--user", "ada") as watcher:
        await watcher.says("joined")
        await writer.append(Change(seq=1))
        await watcher.ends()
    assert "codeforge_events_sent_total 1.0" in process.probe("/metrics")[1]


@pytest.mark.parametrize("transports", ["websocket", "polling"])
async def test_on_sigterm_it_sends_its_clients_away_and_ends_within_seconds(
    launch: Launch, writer: LogWriter, transports: str
) -> None:
    """The clients come back to whoever takes the address next, and miss nothing."""
    first = launch()
    first.start()
    async with watching(first.url, "--user", "ada", "--transports", transports) as watcher:
        await watcher.says("joined")
        await writer.append(Change(seq=1, also=(("status", "active"),)))
        await watcher.has(1)
        assert first.program.process is not None
        began = time.monotonic()
        for _ in range(3):
            first.program.process.send_signal(signal.SIGTERM)
        assert first.program.process.wait(10) == 0
        assert time.monotonic() - began < 4
        await watcher.says("disconnected")
        await writer.append(Change(seq=2, also=(("status", "active"),)))
        second = launch(PORT=str(first.port))
        second.start()
        await watcher.says("joined", times=2)
        await writer.append(Change(seq=3))
        await watcher.ends()
    assert watcher.seqs == [1, 2, 3]
    assert not first.logged("the process ends by an error")


async def test_without_its_store_it_lives_keeps_its_sockets_and_goes_on(
    launch: Launch, new_redis: Callable[..., RedisServer], namespace: str
) -> None:
    server = new_redis("--appendonly", "yes", "--appendfsync", "always")
    process = launch(server.url)
    process.start()
    async with watching(process.url, "--user", "ada") as watcher:
        await watcher.says("joined")
        server.kill()
        await wait_for(lambda: process.probe("/readyz")[0] == 503, within=10, what="unreadiness")
        assert process.probe("/healthz")[0] == 200
        server.start()
        await wait_for(lambda: process.probe("/readyz")[0] == 200, within=10, what="readiness")
        async with Redis.from_url(server.url) as client:
            await LogWriter(client, namespace=namespace).append(Change(seq=1))
        await watcher.ends()
        assert not watcher.said("disconnected")
    assert len(process.logged("the event log can't be read, trying again")) == 1


async def test_it_starts_without_a_store(launch: Launch, new_redis: Callable[..., RedisServer], namespace: str) -> None:
    server = new_redis()
    server.kill()
    process = launch(server.url)
    process.start(path="/healthz")
    assert process.probe("/readyz")[0] == 503
    async with watching(process.url, "--user", "ada") as watcher:
        assert (await watcher.says("joined"))["answer"]["reset"] is True
        server.start()
        await watcher.says("disconnected")
        await watcher.says("joined", times=2)
        async with Redis.from_url(server.url) as client:
            await LogWriter(client, namespace=namespace).append(Change(seq=1))
        await watcher.ends()


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"HOST": "0.0.0.0"}, "AUTH_MODE=none"),
        ({"AUTH_MODE": "jwt"}, "AUTH_JWT_SECRET"),
        ({"PORT": "taken"}, "can't be listened on"),
        ({"SOCKETS_PER_USER": "0"}, "SOCKETS_PER_USER"),
    ],
)
def test_what_cannot_work_is_said_and_ends_the_start(launch: Launch, environment: dict[str, str], said: str) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        if environment.get("PORT") == "taken":
            environment = {"PORT": str(taken.getsockname()[1])}
        program = launch(**environment).program
        ended = subprocess.run(program.command, env=program.environment, capture_output=True, text=True, timeout=30)
    assert ended.returncode != 0
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
