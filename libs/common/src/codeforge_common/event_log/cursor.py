"""Cursors, as they come from clients, and positions, as they are compared."""

from __future__ import annotations

import re
import sys
from typing import NamedTuple

WHOLE = sys.maxsize
"""The place after an entry's last update."""

UNKNOWN = "?"
"""Given out while the log hasn't been read yet. It is never honoured: whoever comes back with it begins anew."""

_SYNTAX = re.compile(r"([0-9]{1,20})-([0-9]{1,20})(?::([0-9]{1,9}))?")


class EntryId(NamedTuple):
    """A stream entry's id: ``ms`` since 1970 on the server, and a number within that millisecond. Never steps back."""

    ms: int
    seq: int

    @classmethod
    def from_bytes(cls, id: bytes) -> EntryId:
        """From the server's ``b"<ms>-<seq>"``."""
        ms, _, seq = id.partition(b"-")
        return cls(int(ms), int(seq))

    def __str__(self) -> str:
        return f"{self.ms}-{self.seq}"


BEFORE_ALL = EntryId(0, 0)
"""Below every id that a server gives."""


class Cursor(NamedTuple):
    """What a client says it has seen: ``entry`` up to and with its update ``place``. Nothing in it is to be trusted."""

    entry: EntryId
    place: int

    @classmethod
    def parse(cls, text: str) -> Cursor | None:
        """None for what no server ever gave out. ``text`` may be anything, of any length."""
        if text == "0":
            return cls(BEFORE_ALL, WHOLE)
        said = _SYNTAX.fullmatch(text)
        if said is None:
            return None
        ms, seq, place = said.groups()
        return cls(EntryId(int(ms), int(seq)), WHOLE if place is None else int(place))


class Position(NamedTuple):
    """A point in the log: right after update ``place`` of entry number ``n``. Positions are ordered as the log is."""

    n: int
    place: int


START = Position(0, WHOLE)
"""Before the first entry that was ever appended."""
