"""How soon an idle system starts a job and a client sees its progress, and what an idle worker asks of the server.

``python -m benchmarks.latency``. Ours submits over HTTP; the call of the peers' producers goes to the server directly.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx2
import socketio

from benchmarks.idle import commands_a_second
from benchmarks.peers.install import NotHere
from benchmarks.peers.latency import PEERS_BESIDE, WARM, start_of
from benchmarks.servers import add_server_options, describe
from benchmarks.stage import percentiles, stage
from benchmarks.table import show
from tests.plugins.house import House
from tests.plugins.waiting import wait_for

Row = Sequence[object]


def body(session: str) -> dict[str, Any]:
    return {"userId": "ann", "sessionId": session, "userMessage": "measure"}


async def submit_to_start(house: House, *, jobs: int) -> tuple[list[float], list[float]]:
    """Milliseconds from a submit, and from the moment it was answered, until its handler began; one job at a time."""
    calls: dict[str, tuple[int, int]] = {}
    async with httpx2.AsyncClient(base_url=house.url(), timeout=30) as client:
        for _ in range(jobs):
            before = time.monotonic_ns()
            answer = await client.post("/api/jobs/bench-started", json=body("s"))
            after = time.monotonic_ns()
            job_id = answer.json()["jobId"]
            calls[job_id] = before, after
            await client.get(f"/api/jobs/{job_id}", headers={"Prefer": "wait=20"})
    lines = (line.split() for line in Path(house.environment["BENCH_FILE"]).read_text().splitlines())
    began = {job_id: int(at) for job_id, at in lines}
    return (
        [(began[job_id] - before) / 1e6 for job_id, (before, _) in calls.items()],
        [(began[job_id] - after) / 1e6 for job_id, (_, after) in calls.items()],
    )


async def call_to_client(house: House, *, jobs: int) -> list[float]:
    """Milliseconds from a progress call in a worker until the ``job:update`` is in a client."""
    latencies: list[float] = []
    ended = 0

    def hear(update: dict[str, Any]) -> None:
        nonlocal ended
        if update["stage"] and update["status"] == "active":
            latencies.append((time.monotonic_ns() - int(update["stage"])) / 1e6)
        ended += update["status"] == "completed"

    async with socketio.AsyncSimpleClient() as socket, httpx2.AsyncClient(base_url=house.url()) as client:
        await socket.connect(house.url("notifier"), transports=["websocket"])
        socket.client.on("job:update", hear)
        await socket.call("join:user", "ann")
        for _ in range(jobs):
            await client.post("/api/jobs/bench-progress", json=body("s"))
        await wait_for(lambda: ended == jobs, within=60, what="the last job")
    return latencies


async def ours(given: argparse.Namespace) -> tuple[Row, str]:
    """The row of our side, and how soon progress is seen."""
    with stage(given) as (house, server):
        house.start("worker")
        commands = commands_a_second(server)
        house.start("gateway")
        house.start("notifier")
        await submit_to_start(house, jobs=WARM)
        from_call, from_return = await submit_to_start(house, jobs=given.jobs)
        return row("ours", from_call, from_return, commands), percentiles(await call_to_client(house, jobs=2))


def row(name: str, from_call: Sequence[float], from_return: Sequence[float], commands: Mapping[str, float]) -> Row:
    return [name, percentiles(from_return), percentiles(from_call), sum(commands.values()), _listed(commands)]


def _listed(commands: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {count:.1f}" for name, count in commands.items())


def main() -> None:
    options = argparse.ArgumentParser()
    add_server_options(options)
    options.add_argument("--jobs", type=int, default=200)
    given = options.parse_args()
    print(describe(given))
    first, progress = asyncio.run(ours(given))
    rows = [first]
    for name, share in PEERS_BESIDE.items():
        try:
            idle = start_of(given, name, jobs=given.jobs // share)
        except NotHere as why:
            print(f"{name} is left out: {why}")
        else:
            rows.append(row(name, idle.from_call, idle.from_return, idle.commands))
    show(["start of a job, idle", "from the answer, ms", "from the call, ms", "idle commands/s", "of which"], rows)
    print(f"progress call → update in a client, ms: {progress}")


if __name__ == "__main__":
    main()
