"""The event log's entries, read on their own: the checker trusts no reader of the product's."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence

import msgpack

from codeforge_common.record import PackedRecord
from tests.chaos.history import Change
from tests.chaos.journal import now


def changes_of(entries: Iterable[tuple[bytes, Mapping[bytes, bytes]]]) -> Sequence[Change]:
    """All changes in the log's order, from what a server on this machine answers to XRANGE."""
    ahead = now() - time.time()
    return [
        _change(entry=entry.decode(), n=int(fields[b"n"]), row=row, ahead=ahead)
        for entry, fields in entries
        for row in msgpack.unpackb(fields[b"e"], raw=True)
    ]


def _change(*, entry: str, n: int, row: bytes | Sequence[bytes], ahead: float) -> Change:
    packed, *beside = [row] if isinstance(row, bytes) else row
    record = PackedRecord(*msgpack.unpackb(packed))
    result = json.loads(beside[2] or b"null") if beside else None
    return Change(
        entry=entry,
        n=n,
        job=record.id,
        seq=record.seq,
        at=record.updated_at / 1000 + ahead,
        status=record.state,
        attempt=record.attempts or 0,
        crashes=record.crashes or 0,
        started=str(record.started_at) if record.started_at else None,
        cancel_requested=record.cancel,
        stage=json.loads(record.stage) if record.stage else None,
        result_of=result.get("run") if isinstance(result, dict) else None,
    )
