"""What a worker tells by itself: its memory and, where wanted, the queues in the log; the broker on ``/readyz``."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import psutil
import structlog

from codeforge_common.errors import StoreUnavailable
from codeforge_common.queue import Bell
from codeforge_common.store import Store
from codeforge_common.telemetry.connections import own_connections
from codeforge_common.telemetry.readiness import Readiness
from codeforge_worker.consumer import RingConsumer

INTERVAL_SECONDS = 60.0

_log = structlog.get_logger(__name__)


async def log_memory(*, interval: float = INTERVAL_SECONDS) -> None:
    """Logs ``Memory rss=… MiB`` until cancelled; the first line comes at once."""
    process = psutil.Process()
    while True:
        line = f"Memory rss={process.memory_info().rss / 2**20:.1f} MiB"
        _log.info(line)
        await asyncio.sleep(interval)


async def log_queues(store: Store, *, interval: float = INTERVAL_SECONDS) -> None:
    """Logs one line for each job type until cancelled; none while the store is away."""
    while True:
        try:
            cluster = await store.cluster()
        except StoreUnavailable:
            cluster = None
        for one in cluster.types if cluster else ():
            counts = {status.value: count for status, count in one.counts.items()}
            oldest = one.oldest_waiting_ms / 1000
            _log.info("Queue", type=one.type, workers=one.workers, oldest_waiting_seconds=oldest, **counts)
        await asyncio.sleep(interval)


async def watch_connections(*, urls: Sequence[str], readiness: Readiness, interval: float = 10.0) -> None:
    """Tells on ``/readyz`` how many connections this worker takes from its servers, until cancelled."""
    while True:
        readiness.set("connections", ok=True, detail={"own": own_connections(*urls)})
        await asyncio.sleep(interval)


async def watch_broker(*, bell: Bell, consumer: RingConsumer, readiness: Readiness, interval: float = 1.0) -> None:
    """Keeps ``/readyz`` informed of the broker, until cancelled."""
    while True:
        missing = [name for name, part in (("bell", bell), ("consumer", consumer)) if not part.connected]
        readiness.set("broker", ok=not missing, detail=f"not connected: {', '.join(missing)}" if missing else None)
        await asyncio.sleep(interval)
