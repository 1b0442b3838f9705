"""The event log's entries, read on their own: the checker trusts no reader of the product's."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgpack

from tests.chaos.history import Change
from tests.chaos.journal import now


def changes_of(entries: Iterable[tuple[bytes, Mapping[bytes, bytes]]]) -> Sequence[Change]:
    """All changes in the log's order, from what a server on this machine answers to XRANGE."""
    ahead = now() - time.time()
    return [
        _change(entry=entry.decode(), n=int(fields[b"n"]), row=row, ahead=ahead)
        for entry, fields in entries
        for row in msgpack.unpackb(fields[b"e"], raw=False)
    ]


def _change(*, entry: str, n: int, row: Sequence[object], ahead: float) -> Change:
    update = json.loads(str(row[4]))
    result = update["result"]
    return Change(
        entry=entry,
        n=n,
        job=update["jobId"],
        seq=update["seq"],
        at=datetime.fromisoformat(update["timestamp"]).timestamp() + ahead,
        status=update["status"],
        attempt=update["attempt"],
        crashes=update["crashes"],
        started=update["startedAt"],
        cancel_requested=update["cancelRequested"],
        stage=update["stage"],
        result_of=result.get("run") if isinstance(result, dict) else None,
    )
