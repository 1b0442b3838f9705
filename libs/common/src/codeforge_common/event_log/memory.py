"""The newest part of the log in memory, indexed by audience. Pure: no I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from codeforge_common.event_log.cursor import BEFORE_ALL, START, WHOLE, Cursor, EntryId, Position
from codeforge_common.event_log.entry import Entry
from codeforge_common.event_log.update import Audience, Update


class Placed(NamedTuple):
    """An update and where it stands."""

    position: Position
    update: Update


class Memory:
    """A gapless run of entries that ends with the newest, at most ``max_bytes`` long as the log counts bytes."""

    def __init__(self, entries: Iterable[Entry] = (), *, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._entries: deque[Entry] = deque()
        self._by_id: dict[EntryId, Entry] = {}
        self._by_audience: dict[Audience, deque[Placed]] = {}
        for entry in entries:
            self.append(entry)

    @property
    def newest(self) -> Entry | None:
        """The last entry, None when there is none."""
        return self._entries[-1] if self._entries else None

    @property
    def end(self) -> Position:
        """The position after everything."""
        return Position(self._entries[-1].n, WHOLE) if self._entries else START

    @property
    def begin(self) -> Position:
        """The position before the oldest entry here."""
        return Position(self._entries[0].n - 1, WHOLE) if self._entries else START

    def follows(self, entry: Entry) -> bool:
        """Whether nothing lies between what is here and ``entry``."""
        return entry.n == self.end.n + 1

    def append(self, entry: Entry) -> None:
        """Adds the next entry, and drops the oldest ones that are over the bytes."""
        self._entries.append(entry)
        self._by_id[entry.id] = entry
        for place, update in enumerate(entry.updates):
            placed = Placed(Position(entry.n, place), update)
            for audience in update.audiences:
                self._by_audience.setdefault(audience, deque()).append(placed)
        while entry.at - self._entries[0].at > self._max_bytes:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        entry = self._entries.popleft()
        del self._by_id[entry.id]
        for update in entry.updates:
            for audience in update.audiences:
                of_audience = self._by_audience[audience]
                of_audience.popleft()  # the oldest of its audience, as it is the oldest of all
                if not of_audience:
                    del self._by_audience[audience]

    def position(self, cursor: Cursor) -> Position | None:
        """Where a client's cursor stands, None unless the very update or entry that it names is here.

        The cursor of an empty log is good while nothing is missing since then.
        """
        if cursor.entry == BEFORE_ALL:
            return START if self.begin == START else None
        entry = self._by_id.get(cursor.entry)
        if entry is None or (cursor.place != WHOLE and cursor.place >= len(entry.updates)):
            return None
        return Position(entry.n, cursor.place)

    def holds(self, update: Update) -> bool:
        """Whether ``update`` is still here."""
        cursor = Cursor.parse(update.cursor)
        return cursor is not None and cursor.entry in self._by_id

    def newest_of(self, audience: Audience) -> Position | None:
        """Where the last update of ``audience`` stands, None when there is none here."""
        placed = self._by_audience.get(audience)
        return placed[-1].position if placed else None

    def after(self, audience: Audience, position: Position) -> list[Placed]:
        """The updates of ``audience`` behind ``position``, in order."""
        found: list[Placed] = []
        for placed in reversed(self._by_audience.get(audience, ())):
            if placed.position <= position:
                break
            found.append(placed)
        found.reverse()
        return found
