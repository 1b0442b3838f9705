"""How soon a peer's idle worker starts a job."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.idle import commands_a_second
from benchmarks.peers.catalogue import PEERS
from benchmarks.servers import private_server

PEERS_BESIDE = {"bullmq": 1, "celery": 1, "arq": 5}
"""And by how much less often it is measured: arq looks for work twice a second."""

SLOTS = 2
"""As many as our worker has by default."""

WARM = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """Milliseconds until the handler began: from the producer's call, and from its return. The worker's commands."""

    from_call: Sequence[float]
    from_return: Sequence[float]
    commands: Mapping[str, float]


def start_of(given: argparse.Namespace, name: str, *, jobs: int) -> Idle:
    """Measures ``jobs``, one after the other. Raises NotHere."""
    peer = PEERS[name]
    with private_server(given) as server, tempfile.TemporaryDirectory() as name_of_folder:
        folder = Path(name_of_folder)
        file = folder / "started"
        file.touch()
        worker = peer.start(server.url, slots=SLOTS, log=folder / "worker.log", file=file)
        try:
            peer.add_one_at_a_time(server.url, jobs=WARM, file=file)
            commands = commands_a_second(server)
            added = peer.add_one_at_a_time(server.url, jobs=jobs, file=file)
        finally:
            worker.stop()
        began = {job: int(at) for job, at in (line.split() for line in file.read_text().splitlines())}
    calls = [(began[job], int(before), int(after)) for job, before, after in map(str.split, added.splitlines())]
    return Idle(
        from_call=[(start - before) / 1e6 for start, before, _ in calls],
        from_return=[(start - after) / 1e6 for start, _, after in calls],
        commands=commands,
    )
