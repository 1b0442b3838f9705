"""How soon an idle system starts a job, and how soon a client sees its progress: ``python -m benchmarks.latency``."""

from __future__ import annotations

import argparse
import asyncio
import time
from pathlib import Path
from typing import Any

import httpx2
import socketio

from benchmarks.stage import percentiles, stage
from tests.plugins.house import House
from tests.plugins.waiting import wait_for


def body(session: str) -> dict[str, Any]:
    return {"userId": "ann", "sessionId": session, "userMessage": "measure"}


async def submit_to_start(house: House, *, jobs: int) -> list[float]:
    """Milliseconds from the moment a submit was answered until its handler began; one job at a time."""
    answered: dict[str, int] = {}
    async with httpx2.AsyncClient(base_url=house.url(), timeout=30) as client:
        for _ in range(jobs):
            answer = await client.post("/api/jobs/bench-started", json=body("s"))
            now = time.monotonic_ns()
            job_id = answer.json()["jobId"]
            answered[job_id] = now
            await client.get(f"/api/jobs/{job_id}", headers={"Prefer": "wait=20"})
    started = (line.split() for line in Path(house.environment["BENCH_FILE"]).read_text().splitlines())
    return [(int(began) - answered[job_id]) / 1e6 for job_id, began in started if job_id in answered]


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


async def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--jobs", type=int, default=200)
    given = options.parse_args()
    with stage() as (house, _):
        for service in ("gateway", "notifier", "worker"):
            house.start(service)
        await submit_to_start(house, jobs=20)  # warm
        print("submit answered → handler started, ms:", percentiles(await submit_to_start(house, jobs=given.jobs)))
        print("progress call → client, ms:           ", percentiles(await call_to_client(house, jobs=2)))


if __name__ == "__main__":
    asyncio.run(main())
