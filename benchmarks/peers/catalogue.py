"""The peers: how each is started, fed, and asked how much it has left."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from benchmarks.payload import DATA
from benchmarks.peers.install import SCRIPTS, home, node, python
from tests.plugins.ports import free_port
from tests.plugins.program import Program

PRODUCE_SECONDS = 300.0
"""What a producer may take; one that hangs must not hold up the others."""

Left = Callable[[redis.Redis], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One of them. ``worker`` and ``produce`` give commands; ``left`` counts the jobs that nobody has taken yet."""

    name: str
    produce: Callable[[], list[str]]
    worker: Callable[[int], list[str]] = lambda slots: []
    left: Left = lambda server: 0

    def feed(self, url: str, *, jobs: int) -> None:
        """Puts ``jobs`` into its queue. Raises NotHere."""
        command = [*self.produce(), str(jobs), "bulk"]
        subprocess.run(command, env=os.environ | self.environment(url), check=True, timeout=PRODUCE_SECONDS)

    def add_one_at_a_time(self, url: str, *, jobs: int, file: Path) -> str:
        """The same, each when the one before has begun, as ``file`` tells. What was printed. Raises NotHere."""
        command = [*self.produce(), str(jobs), "single"]
        environment = os.environ | self.environment(url) | {"BENCH_FILE": str(file)}
        return subprocess.run(
            command, env=environment, check=True, stdout=subprocess.PIPE, text=True, timeout=PRODUCE_SECONDS
        ).stdout

    def start(self, url: str, *, slots: int, log: Path, file: Path | None = None) -> Program:
        """A worker with ``slots``; its handler writes into ``file`` when it begins. Raises NotHere."""
        environment = self.environment(url) | {"BENCH_SLOTS": str(slots)}
        if file is not None:
            environment["BENCH_FILE"] = str(file)
        program = Program(self.worker(slots), log=log, environment=environment)
        program.start(ready=lambda: True, within=30)
        return program

    def environment(self, url: str) -> dict[str, str]:
        """What its scripts read. Raises NotHere."""
        modules = {"NODE_PATH": str(home(self.name) / "node_modules")} if self.name == "bullmq" else {}
        payload = json.dumps(DATA, separators=(",", ":"))
        return {"BENCH_REDIS": url, "BENCH_PAYLOAD": payload, "PYTHONPATH": str(SCRIPTS)} | modules


def _listed(key: str) -> Left:
    return lambda server: int(server.llen(key))


def _script(peer: str) -> Callable[[], list[str]]:
    return lambda: [python(peer), str(SCRIPTS / f"{peer}_jobs.py")]


def _module(peer: str, *arguments: str, slots: Sequence[str] = ()) -> Callable[[int], list[str]]:
    return lambda count: [python(peer), "-m", peer, *arguments, *(each.format(count) for each in slots)]


PEERS: Mapping[str, Peer] = {
    peer.name: peer
    for peer in (
        Peer(
            name="bullmq",
            produce=lambda: [node(), str(SCRIPTS / "bullmq_jobs.cjs")],
            worker=lambda slots: [node(), str(SCRIPTS / "bullmq_worker.cjs")],
            left=lambda server: int(server.llen("bull:bench:wait")),
        ),
        Peer(
            name="celery",
            produce=_script("celery"),
            worker=_module(
                "celery",
                *("-A", "celery_jobs", "worker", "--loglevel=WARNING", "--without-gossip", "--without-mingle"),
                slots=("--pool=threads", "--concurrency={}"),
            ),
            left=_listed("celery"),
        ),
        Peer(
            name="dramatiq",
            produce=_script("dramatiq"),
            worker=_module("dramatiq", "dramatiq_jobs", "--processes=1", slots=("--threads={}",)),
            left=_listed("dramatiq:default"),
        ),
        Peer(
            name="taskiq",
            produce=_script("taskiq"),
            worker=_module(
                "taskiq",
                *("worker", "taskiq_jobs:broker", "--workers=1", "--log-level=WARNING"),
                slots=("--max-async-tasks={}",),
            ),
            left=_listed("taskiq"),
        ),
        Peer(
            name="arq",
            produce=_script("arq"),
            worker=_module("arq", "arq_jobs.WorkerSettings"),
            left=lambda server: int(server.zcard("arq:queue")),
        ),
        Peer(name="rq", produce=_script("rq")),
    )
}


@contextmanager
def serve(name: str, url: str) -> Iterator[tuple[int, int]]:
    """The peer's FastAPI application (``fastapi_NAME.py``) until the block ends; its port and process id.

    Raises NotHere.
    """
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        program = Program(
            [python(name), *("-m", "uvicorn", f"fastapi_{name}:app", "--port", str(port))],
            log=Path(folder) / "server.log",
            environment=PEERS[name].environment(url),
        )
        program.start(ready=lambda: _listens(port), within=30)
        try:
            yield port, program.pid
        finally:
            program.stop()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
