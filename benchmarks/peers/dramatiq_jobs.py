"""Dramatiq: a no-op actor, and its producer (``python dramatiq_jobs.py COUNT bulk``)."""

# mypy: ignore-errors

from __future__ import annotations

import sys

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from journal import PAYLOAD, URL

dramatiq.set_broker(RedisBroker(url=URL))


@dramatiq.actor(actor_name="bench")
def run(payload):
    """Does nothing."""


if __name__ == "__main__":
    for _ in range(int(sys.argv[1])):
        run.send(PAYLOAD)
