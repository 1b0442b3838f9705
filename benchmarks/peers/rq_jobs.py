"""RQ: a no-op job, and its producer (``python rq_jobs.py COUNT bulk``)."""

# mypy: ignore-errors

from __future__ import annotations

import sys

from journal import PAYLOAD, URL
from redis import Redis
from rq import Queue


def run(payload):
    """Does nothing."""


if __name__ == "__main__":
    queue = Queue("bench", connection=Redis.from_url(URL))
    for _ in range(int(sys.argv[1])):
        queue.enqueue("rq_jobs.run", PAYLOAD)
