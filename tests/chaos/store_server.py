"""The store's server as the chaos run treats it: stopped, killed, and started again, perhaps from older files.

What the event log holds is read just before each stop. So it is known, to the entry, what a restored server has lost,
and whether one that was only restarted has lost anything.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import redis

from codeforge_common.store import keys
from tests.chaos.history import Change, Restore
from tests.chaos.journal import now
from tests.chaos.log import changes_of
from tests.plugins.redis_server import RedisServer

BETWEEN_SECONDS = 1.0
"""From the copy of the files to the stop: what AOF with ``everysec`` may lose."""
PAUSE_MS = 60_000
FILES = "appendonlydir"


class StoreServer:
    """A server with an append-only file. Every method blocks; one at a time."""

    def __init__(self, *, binary: str, folder: Path, namespace: str) -> None:
        self._binary = binary
        self._folder = folder
        self._events = keys.key(namespace, keys.EVENTS)
        self._server = self._with(fsync="everysec")
        self._known: list[Change] = []
        self.restores: list[Restore] = []

    @property
    def url(self) -> str:
        """Its own address, without a proxy."""
        return self._server.url

    def start(self) -> None:
        """Starts it; returns when it answers."""
        self._server.start()

    def stop(self) -> None:
        """Ends it in an orderly way."""
        self._server.stop()

    def restart(self, *, kill: bool, away: float, fsync: str) -> None:
        """Ends it and starts it ``away`` seconds later. ``fsync``: ``everysec`` or ``always``, from then on."""
        self._catch_up()
        self._end(kill=kill)
        time.sleep(away)
        self._start(fsync=fsync)

    def restore(self, *, away: float, fsync: str) -> None:
        """The same, but it starts from a copy of its files that was made a second before it ended."""
        copy = self._folder / "copy"
        copied_at = now()
        shutil.copytree(self._folder / FILES, copy)
        time.sleep(BETWEEN_SECONDS)
        self._catch_up(pause=True)
        stopped_at = now()
        self._end(kill=True)
        shutil.rmtree(self._folder / FILES)
        copy.rename(self._folder / FILES)
        time.sleep(away)
        self._start(fsync=fsync)
        kept = {change.entry for change in self.changes()}
        lost = [change for change in self._known if change.entry not in kept]
        self._known = [change for change in self._known if change.entry in kept]
        self.restores.append(Restore(copied_at=copied_at, stopped_at=stopped_at, back_at=now(), lost=lost))

    def changes(self) -> Sequence[Change]:
        """All that the event log holds."""
        return self._read("-", pause=False)

    def missing(self) -> Sequence[Change]:
        """What the log held before some restart and no longer holds, though nobody put back older files."""
        held = {change.entry for change in self.changes()}
        return [change for change in self._known if change.entry not in held]

    def _catch_up(self, *, pause: bool = False) -> None:
        after = f"({self._known[-1].entry}" if self._known else "-"
        self._known += self._read(after, pause=pause)

    def _read(self, first: str, *, pause: bool) -> Sequence[Change]:
        with redis.Redis.from_url(self.url) as client, client.pipeline(transaction=True) as transaction:
            transaction.xrange(self._events, min=first)
            if pause:  # in the same transaction: nothing is executed after what was read
                transaction.execute_command("CLIENT", "PAUSE", PAUSE_MS, "ALL")
            entries: Any = transaction.execute()[0]
        return changes_of(entries)

    def _end(self, *, kill: bool) -> None:
        if kill:
            self._server.kill()
        else:
            self._server.stop()

    def _start(self, *, fsync: str) -> None:
        self._server = self._with(fsync=fsync, port=self._server.port)
        self._server.start()

    def _with(self, *, fsync: str, **options: int) -> RedisServer:
        persistence = ("--appendonly", "yes", "--appendfsync", fsync, "--auto-aof-rewrite-percentage", "0")
        return RedisServer(binary=self._binary, folder=self._folder, options=persistence, **options)
