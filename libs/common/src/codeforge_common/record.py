"""A job's record as it lies in the store and travels in the event log: an array, packed (MessagePack). Pure: no I/O.

One list for both sides: the scripts know the place of each field by its name in capitals (``store/scripts.py``).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgpack

Nothing = Literal[False]
"""What stands in the place of a value that there isn't."""


class PackedRecord(NamedTuple):
    """The fields in their order: what every job has, what a run adds, what is rare. The end of it may be left out.

    Times are milliseconds since 1970. ``sealed``, ``error`` and ``cancel`` say that there is one; the secret and the
    error themselves have a key of their own.
    """

    id: str
    state: str
    seq: int
    updated_at: int
    type: str
    user: str
    session: str
    title: str
    attempts_max: int
    created_at: int
    traceparent: str | Nothing = False
    token: int | Nothing = False
    since: int | Nothing = False
    """When it became ready."""
    place: int | Nothing = False
    """Its place among its user's jobs: when it came, less its head start."""

    attempts: int | Nothing = False
    started_at: int | Nothing = False
    worker: str | Nothing = False
    """Who runs it, or ran it last."""
    lease: int | Nothing = False
    """Milliseconds that a lease of this run is long."""
    progress: int | Nothing = False
    completed_at: int | Nothing = False

    number: int | Nothing = False
    """Of the run's last report."""
    stage: str | Nothing = False
    """JSON."""
    log_bytes: int | Nothing = False
    sealed: bool = False
    error: bool = False
    cancel: bool = False
    crashes: int | Nothing = False
    priority: int | Nothing = False
    due: int | Nothing = False
    output: int | Nothing = False
    """Bytes of output."""
    output_kept: int | Nothing = False
    """Of these, what finished steps wrote."""
    output_cut: bool = False
    """Output beyond the limit was cut off: nothing may follow it."""
    steps: int | Nothing = False
    ended: str | Nothing = False
    """Token and worker of the run that was handed back last."""
    noted: int | Nothing = False
    """Token of the last claim that stands in the timeline."""
    forgotten: int | Nothing = False
    """Moments that the timeline has let go."""
    retry_id: str | Nothing = False
    private: bool = False
    """Whether it has finished a private step."""


def unpack(packed: bytes) -> PackedRecord:
    """A record from its bytes; what isn't UTF-8 becomes U+FFFD. Raises ValueError, TypeError for anything else.

    Fields that a newer version has added are left out.
    """
    return PackedRecord(*msgpack.unpackb(packed, unicode_errors="replace")[: len(PackedRecord._fields)])
