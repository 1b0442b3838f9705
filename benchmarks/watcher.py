"""A process that reads the event log as notifiers do, and re-reads one of a hundred jobs within a second of its end.

``python -m benchmarks.watcher REDIS_URL`` says ``watching`` when it does, and at SIGTERM what it saw, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import uvloop

from benchmarks.fill import default_limits
from benchmarks.payload import USERS
from codeforge_common.event_log import Audience, AudienceKind, EventTail, Update
from codeforge_common.job import JobRecord
from codeforge_common.store import Store

ONE_OF = 100
SOON_SECONDS = 1.0


@dataclass(slots=True, kw_only=True)
class Seen:
    """What the watcher saw. ``late``: re-read more than a second after the end. ``lost``: holes in the log."""

    updates: int = 0
    completed: int = 0
    read_again: int = 0
    equal: int = 0
    late: int = 0
    lost: int = 0


class Watcher:
    """Subscribed to every user; compares the record with the update that said it is complete."""

    def __init__(self, store: Store) -> None:
        self.seen = Seen()
        self._store = store
        self._reading: set[asyncio.Task[None]] = set()

    def deliver(self, updates: Sequence[Update]) -> None:
        self.seen.updates += len(updates)
        for update in updates:
            if zlib.crc32(update.job_id.encode()) % ONE_OF == 0:
                task = asyncio.create_task(self._compare(update))
                self._reading.add(task)
                task.add_done_callback(self._reading.discard)

    def lost(self) -> None:
        self.seen.lost += 1

    async def _compare(self, update: Update) -> None:
        said = json.loads(update.json)
        if said["completedAt"] is None:
            return
        record = await self._store.get(update.job_id, caller=update.user_id)
        self.seen.completed += said["status"] == "completed"
        self.seen.read_again += 1
        self.seen.equal += _agree(said, record)
        self.seen.late += time.time() - update.at_ms / 1000 > SOON_SECONDS


def _agree(said: dict[str, object], record: JobRecord) -> bool:
    return (
        said["status"] == record.status.value
        and said["seq"] == record.seq
        and said["result"] == record.result
        and said["progress"] == record.progress
        and said["attempt"] == record.attempts_made
        and said["title"] == record.title
        and said["userId"] == record.user_id
    )


async def watch(url: str) -> Seen:
    """Watches until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    store = Store.connect(url, limits=default_limits())
    watcher = Watcher(store)
    tail = EventTail(url)
    await tail.start()
    subscription = tail.subscribe(owner=None, deliver=watcher.deliver, lost=watcher.lost)
    for number in range(USERS):
        await subscription.join(Audience(AudienceKind.USER, f"user-{number:04}"))
    print("watching", flush=True)
    await stop.wait()
    subscription.close()
    await tail.stop()
    await store.close()
    return watcher.seen


if __name__ == "__main__":
    print(json.dumps(asdict(uvloop.run(watch(sys.argv[1])))), flush=True)
