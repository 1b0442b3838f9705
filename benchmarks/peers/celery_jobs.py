"""Celery: a no-op task with a result, and its producer (``python celery_jobs.py COUNT bulk|single``)."""

# mypy: ignore-errors

from __future__ import annotations

import sys

from celery import Celery
from journal import PAYLOAD, URL, began, one_at_a_time

app = Celery("bench", broker=URL, backend=URL)
app.conf.update(broker_connection_retry_on_startup=True)


@app.task(name="bench", bind=True)
def run(self, payload):
    """Does nothing."""
    began(self.request.id)


def produce(count: int, *, bulk: bool) -> None:
    with app.producer_pool.acquire(block=True) as producer:
        if bulk:
            for _ in range(count):
                run.apply_async((PAYLOAD,), producer=producer)
        else:
            one_at_a_time(count, lambda: run.apply_async((PAYLOAD,), producer=producer).id)


if __name__ == "__main__":
    produce(int(sys.argv[1]), bulk=sys.argv[2] == "bulk")
