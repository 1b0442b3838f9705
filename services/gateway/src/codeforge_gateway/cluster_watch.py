"""Looks at the whole installation once a second, for the metrics and for ``/readyz``: one small script call."""

from __future__ import annotations

import asyncio
import itertools

from codeforge_common.errors import StoreUnavailable
from codeforge_common.store import ClusterState
from codeforge_common.telemetry.cluster import ClusterNumbers
from codeforge_common.telemetry.connections import own_connections
from codeforge_common.telemetry.readiness import Readiness
from codeforge_gateway.parts import Parts

INTERVAL_SECONDS = 1.0

ANSWER_SECONDS = 2.0
"""What the store has to answer a look. Callers wait longer; whoever reads ``/readyz`` should hear of it before them."""

CONNECTIONS_EVERY = 10
"""Looks from one at the connections to the next: our own are counted by the operating system, less cheaply."""

FULL = {"memory": 0.90, "connections": 0.95}
"""Share of a limit from which on a check is bad. Of the memory it comes after finished jobs began to go for want of
room (0.85) and before new ones are refused (0.95)."""

DEFAULT_BUDGET = 512 * 1024 * 1024
"""Bytes that the store should stay under where neither a setting nor the server says (contract, section 3)."""

CHECKS = ("store", "broker", "event_log", "job_types", "memory", "connections")
"""What the gateway reports on ``/readyz``."""


async def watch_cluster(parts: Parts, *, interval: float = INTERVAL_SECONDS) -> None:
    """Keeps :data:`CHECKS` and the cluster's gauges up to date, until cancelled. ``interval`` in seconds."""
    for number in itertools.count():
        await look(parts)
        await look_at_server(parts, connections=number % CONNECTIONS_EVERY == 0)
        await asyncio.sleep(interval)


async def look(parts: Parts) -> None:
    """One look."""
    readiness = parts.readiness
    readiness.set("broker", ok=parts.bell.connected, detail=None if parts.bell.connected else "not connected")
    readiness.set("event_log", ok=parts.tail.connected, detail=None if parts.tail.connected else "not read")
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            state = await parts.store.cluster()
    except (StoreUnavailable, TimeoutError) as error:
        readiness.set("store", ok=False, detail=str(error) or "no answer in time")
        return
    numbers = numbers_of(state)
    parts.metrics.cluster.set(numbers)
    readiness.set("store", ok=True, detail={"workers_alive": state.workers_alive})
    # Told and not held against us: such jobs are accepted, and wait for a worker.
    readiness.set("job_types", ok=True, detail={"without_worker": without_worker(state)})


async def look_at_server(parts: Parts, *, connections: bool = True) -> None:
    """One look at the server's memory and, if asked for, its ``connections``."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            server = await parts.store.server()
    except (StoreUnavailable, TimeoutError):
        return  # the other look says so
    budget = parts.settings.store_max_bytes or server.memory_max or DEFAULT_BUDGET
    _limit(parts.readiness, "memory", used=server.memory, most=min(budget, server.memory_max or budget))
    if connections:
        own = own_connections(parts.settings.redis_url, parts.settings.broker_url)
        _limit(parts.readiness, "connections", used=server.connections, most=server.connections_max, own=own)


def _limit(readiness: Readiness, check: str, *, used: int, most: int, **more: int) -> None:
    readiness.set(check, ok=not most or used < FULL[check] * most, detail={"used": used, "limit": most or None, **more})


def without_worker(state: ClusterState) -> list[str]:
    """The job types that no living worker serves."""
    return [type.type for type in state.types if type.workers == 0]


def numbers_of(state: ClusterState) -> ClusterNumbers:
    """The state as the gauges show it."""
    return ClusterNumbers(
        jobs={type.type: type.counts for type in state.types},
        oldest_waiting_seconds={type.type: type.oldest_waiting_ms / 1000 for type in state.types},
        workers_alive=state.workers_alive,
        types_without_worker=len(without_worker(state)),
    )
