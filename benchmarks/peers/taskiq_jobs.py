"""Taskiq: a no-op task with a result, and its producer (``python taskiq_jobs.py COUNT bulk``)."""

# mypy: ignore-errors

from __future__ import annotations

import asyncio
import sys

from journal import PAYLOAD, URL
from taskiq_redis import ListQueueBroker, RedisAsyncResultBackend

broker = ListQueueBroker(URL).with_result_backend(RedisAsyncResultBackend(URL))


@broker.task(task_name="bench")
async def run(payload: dict) -> None:
    """Does nothing."""


async def produce(count: int) -> None:
    await broker.startup()
    for _ in range(count):
        await run.kiq(PAYLOAD)
    await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(produce(int(sys.argv[1])))
