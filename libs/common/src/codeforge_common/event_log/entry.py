"""One entry of the log, decoded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgpack
import structlog

from codeforge_common.event_log.cursor import EntryId
from codeforge_common.event_log.update import Update

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
        # A log line that was cut within a character must not cost the other updates: bad bytes become U+FFFD.
        rows = msgpack.unpackb(packed, raw=False, unicode_errors="replace")
        return tuple(_update(entry, place, *row) for place, row in enumerate(rows))
    except (ValueError, TypeError, msgpack.UnpackException):
        # Whoever wrote this speaks another version; the entries around it must still arrive.
        _log.exception("an entry of the event log can't be read", entry=str(entry))
        return ()


def _update(
    entry: EntryId, place: int, user: str, session: str, job: str, seq: int, update: str, traceparent: str | None = None
) -> Update:
    cursor = f"{entry}:{place}"
    return Update(
        user_id=user,
        session_id=session,
        job_id=job,
        seq=int(seq),
        cursor=cursor,
        at_ms=entry.ms,
        json=f'{update[:-1]},"cursor":"{cursor}"}}',
        traceparent=traceparent,
    )
