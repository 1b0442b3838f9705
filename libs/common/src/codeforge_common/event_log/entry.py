"""One entry of the log, decoded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from sys import intern
from typing import Any

import msgpack
import structlog

from codeforge_common.event_log.cursor import EntryId
from codeforge_common.event_log.update import Update
from codeforge_common.record import unpack

_log = structlog.get_logger(__name__)


class UnreadableEntry(Exception):
    """Raised for an entry that isn't the log's: somebody else writes to the stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The updates of one script call. ``n`` has no gaps; ``at`` is in bytes since the log's beginning."""

    id: EntryId
    n: int
    at: int
    updates: tuple[Update, ...]


def decode(id: bytes, fields: Mapping[bytes, bytes]) -> Entry:
    """An entry from what the server answers. Raises UnreadableEntry for what our scripts didn't write."""
    try:
        entry_id = EntryId.from_bytes(id)
        n, at, packed = int(fields[b"n"]), int(fields[b"at"]), fields[b"e"]
    except (KeyError, ValueError) as error:
        raise UnreadableEntry(f"{id!r} is no entry of an event log") from error
    return Entry(id=entry_id, n=n, at=at, updates=_updates(entry_id, packed))


def _updates(entry: EntryId, packed: bytes) -> tuple[Update, ...]:
    try:
        name = str(entry)
        rows = enumerate(msgpack.unpackb(packed, raw=True))
        return tuple(_update(row, cursor=f"{name}:{place}", at_ms=entry.ms) for place, row in rows)
    except (ValueError, TypeError, msgpack.UnpackException):
        # Whoever wrote this speaks another version; the entries around it must still arrive.
        _log.exception("an entry of the event log can't be read", entry=str(entry))
        return ()


def _update(row: Any, *, cursor: str, at_ms: int) -> Update:
    packed, logs, error, result = (row, None, None, None) if isinstance(row, bytes) else row
    record = unpack(packed)
    return Update(
        user_id=intern(record.user),
        session_id=intern(record.session),
        job_id=record.id,
        seq=record.seq,
        cursor=cursor,
        at_ms=at_ms,
        packed=packed,
        logs=logs or b"",
        error=error or b"",
        result=result or b"",
    )
