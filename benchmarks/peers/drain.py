"""A peer's side of the drain."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import redis

from benchmarks.meter import pace
from benchmarks.ours import Drained
from benchmarks.peers.catalogue import Peer
from benchmarks.servers import private_server

WITHIN_SECONDS = 300.0


def drain_peer(given: argparse.Namespace, peer: Peer, *, jobs: int, slots: int, workers: int) -> Drained:
    """Works off ``jobs`` with ``workers`` that have ``slots`` each. Raises NotHere."""
    with (
        private_server(given) as server,
        redis.Redis.from_url(server.url) as client,
        tempfile.TemporaryDirectory() as folder,
    ):
        peer.feed(server.url, jobs=jobs)
        assert peer.left(client) == jobs, f"{peer.name} has {peer.left(client)} of {jobs} jobs"
        logs = [Path(folder) / f"{number}.log" for number in range(workers)]
        running = [peer.start(server.url, slots=slots, log=log) for log in logs]
        try:
            found = pace(
                jobs=jobs,
                done=lambda: jobs - peer.left(client),
                server=server.program,
                workers=running,
                within=WITHIN_SECONDS,
            )
        finally:
            for program in running:
                program.stop()
        return Drained(rate=found.rate, server_us=found.server_us, worker_us=found.worker_us)
