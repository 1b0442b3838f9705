"""arq: a no-op job, and its producer (``python arq_jobs.py COUNT bulk|single``)."""

# mypy: ignore-errors

from __future__ import annotations

import asyncio
import os
import sys

from arq import create_pool
from arq.connections import RedisSettings
from journal import PAYLOAD, URL, began, one_at_a_time


async def bench(ctx, payload):
    """Does nothing."""
    began(ctx["job_id"])


class WorkerSettings:
    """What ``arq`` starts its worker with."""

    functions = (bench,)
    redis_settings = RedisSettings.from_dsn(URL)
    max_jobs = int(os.environ.get("BENCH_SLOTS", "10"))


def produce(count: int, *, bulk: bool) -> None:
    with asyncio.Runner() as runner:
        pool = runner.run(create_pool(RedisSettings.from_dsn(URL)))

        def add() -> str:
            return runner.run(pool.enqueue_job("bench", PAYLOAD)).job_id

        if bulk:
            for _ in range(count):
                add()
        else:
            one_at_a_time(count, add)
        runner.run(pool.aclose())


if __name__ == "__main__":
    produce(int(sys.argv[1]), bulk=sys.argv[2] == "bulk")
