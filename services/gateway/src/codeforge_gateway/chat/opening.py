"""The mark by which the model says that a message is work for the background. Pure."""

from __future__ import annotations

MARK = "[[background]]"
"""Stands before everything else in such an answer; the person never sees it."""


class Opening:
    """Takes the mark off an answer that comes in pieces. Holds back only what may still become the mark."""

    def __init__(self) -> None:
        self._held: str | None = ""
        self.marked = False

    def take(self, piece: str) -> str:
        """What may be shown once ``piece`` has come too."""
        if self._held is None:
            return piece
        held = (self._held + piece).lstrip()
        if not self.marked and held[: len(MARK)].lower() == MARK:
            self.marked = True
            held = held[len(MARK) :].lstrip()
        if not held or (not self.marked and MARK.startswith(held.lower())):
            self._held = held
            return ""
        self._held = None
        return held

    def rest(self) -> str:
        """What was held back when nothing comes any more."""
        held, self._held = self._held or "", None
        return held
