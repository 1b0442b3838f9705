"""Writes an event log as the store's scripts do, so that readers can be tested alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgpack
from redis.asyncio import Redis

from codeforge_common.event_log.cursor import EntryId
from codeforge_common.event_log.entry import Entry, decode
from codeforge_common.record import PackedRecord
from codeforge_common.store.keys import key

GOLDEN = Path(__file__).parents[2] / "contract" / "golden" / "job-update.json"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change of a job, to be logged. ``also`` replaces members of the golden update."""

    user: str = "ada"
    session: str = "s1"
    job: str = "job_1"
    seq: int = 1
    traceparent: str | None = None
    also: tuple[tuple[str, Any], ...] = ()

    def row(self) -> bytes | list[bytes]:
        update: dict[str, Any] = json.loads(GOLDEN.read_text())
        update |= {"userId": self.user, "sessionId": self.session, "jobId": self.job, "seq": self.seq}
        update |= dict(self.also)
        record = PackedRecord(
            id=update["jobId"],
            state=update["status"],
            seq=update["seq"],
            updated_at=_milliseconds(update["timestamp"]),
            type=update["type"],
            user=update["userId"],
            session=update["sessionId"],
            title=update["title"],
            attempts_max=update["attemptsMax"],
            created_at=_milliseconds(update["createdAt"]),
            traceparent=self.traceparent or False,
            attempts=update["attempt"],
            started_at=_milliseconds(update["startedAt"]),
            progress=update["progress"],
            completed_at=_milliseconds(update["completedAt"]),
            stage=json.dumps(update["stage"]),
        )
        row = [
            msgpack.packb(record, use_bin_type=False),
            ",".join(_json(line) for line in update["logs"]).encode(),
            update["error"] and _json(update["error"]).encode(),
            _json(update["result"]).encode(),
        ]
        return row if any(row[1:]) else row[0]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _milliseconds(time: str) -> int:
    return round(datetime.fromisoformat(time).timestamp() * 1000)


def packed(changes: Sequence[Change]) -> bytes:
    """The field ``e`` of an entry."""
    return bytes(msgpack.packb([change.row() for change in changes], use_bin_type=False))


def entry(n: int, *changes: Change, at: int | None = None, ms: int = 1_795_000_000_000) -> Entry:
    """Entry number ``n``, without a server; each counts 1,000 bytes unless ``at`` says otherwise."""
    fields = {b"n": str(n).encode(), b"at": str(n * 1000 if at is None else at).encode(), b"e": packed(changes)}
    return decode(str(EntryId(ms + n, 0)).encode(), fields)


class LogWriter:
    """Appends to one namespace's log on a server."""

    def __init__(self, client: Redis, *, namespace: str) -> None:
        self.client = client
        self.key = key(namespace, "events")
        self.n = 0
        self.at = 0

    async def append(self, *changes: Change) -> str:
        """One entry with these changes; returns its id."""
        self.n += 1
        body = packed(changes)
        self.at += len(body) + 64
        id = await self.client.xadd(self.key, {"n": self.n, "at": self.at, "e": body})
        assert isinstance(id, bytes)
        return id.decode()

    async def trim(self, *, keep: int) -> None:
        """Drops all but the newest ``keep`` entries."""
        await self.client.xtrim(self.key, maxlen=keep, approximate=False)
