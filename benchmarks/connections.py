"""How many connections one edge and two workers take from the server under load: ``python -m benchmarks.connections``.

The server is started with ``maxclients 20``, as on Heroku's smallest plan: a run that needs more fails.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from typing import Any

import httpx2
import redis
import socketio

from benchmarks.latency import body
from benchmarks.servers import add_server_options
from benchmarks.stage import stage
from tests.plugins.house import House
from tests.plugins.waiting import wait_for

MAX_CLIENTS = 20


async def load(house: House, *, jobs: int, clients: int) -> int:
    """Submits ``jobs`` from ``clients`` at once with sockets listening; returns how many ended completed."""
    ended: Counter[str] = Counter()

    def hear(update: dict[str, Any]) -> None:
        ended[update["status"]] += update["completedAt"] is not None

    async with httpx2.AsyncClient(base_url=house.url("edge"), timeout=60) as client:
        sockets = [socketio.AsyncSimpleClient() for _ in range(5)]
        for socket in sockets:
            await socket.connect(house.url("edge"))
            await socket.call("join:user", "ann")
        sockets[0].client.on("job:update", hear)

        async def one(number: int) -> None:
            for _ in range(number, jobs, clients):
                answer = await client.post("/api/jobs/bench-started", json=body("s"))
                answer.raise_for_status()
                await client.get(f"/api/jobs/{answer.json()['jobId']}", headers={"Prefer": "wait=20"})

        await asyncio.gather(*(one(number) for number in range(clients)))
        await wait_for(lambda: ended.total() == jobs, within=60, what="the last job")
        for socket in sockets:
            await socket.disconnect()
    return ended["completed"]


async def watch(url: str, seen: list[Counter[str]]) -> None:
    """Counts the server's connections by name, ten times a second, without its own."""
    with redis.Redis.from_url(url, client_name="watch") as server:
        while True:
            names = (str(client["name"] or "unnamed") for client in server.client_list())
            seen.append(Counter(name for name in names if name != "watch"))
            await asyncio.sleep(0.1)


async def main() -> None:
    options = argparse.ArgumentParser()
    add_server_options(options)
    options.add_argument("--jobs", type=int, default=1000)
    options.add_argument("--clients", type=int, default=20)
    given = options.parse_args()
    with stage(given, "--maxclients", str(MAX_CLIENTS)) as (house, server):
        seen: list[Counter[str]] = []
        watching = asyncio.create_task(watch(server.url, seen))
        house.start("edge")
        house.start("worker")
        house.start("worker", name="worker-2")
        done = await load(house, jobs=given.jobs, clients=given.clients)
        watching.cancel()
        peak = max(seen, key=Counter.total)
        with redis.Redis.from_url(server.url) as client:
            refused = client.info("stats")["rejected_connections"]
        print(f"{done} of {given.jobs} jobs completed; connections at the peak: {peak.total()} of {MAX_CLIENTS}")
        print("by name:", dict(peak), "refused by the server:", refused)


if __name__ == "__main__":
    asyncio.run(main())
