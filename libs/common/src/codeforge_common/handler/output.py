"""What a run writes for its job's output, on its way to the store. Pure."""

from __future__ import annotations

from codeforge_common.secrets import Redactor

PIECE_BYTES = 64 * 1024
"""Of one report, so that none holds the server up."""


class OutputBuffer:
    """Gives what was written away in pieces without secrets, and takes no more than there is ``room`` for (bytes).

    The end of the text is held back while it may be the beginning of a secret: the rest may come with the next write.
    """

    def __init__(self, *, room: int, redactor: Redactor) -> None:
        self._room = room
        self._redactor = redactor
        self._cut = False
        self._written: list[str] = []
        self._ready = ""

    def write(self, text: str) -> bool:
        """Appends ``text``. False when some of it, for the first time, finds no room."""
        if self._cut:
            return True
        kept = fitting(text, self._room)
        self._written.append(kept)
        self._room -= len(kept.encode())
        self._cut = len(kept) < len(text)
        return not self._cut

    def settle(self, *, pausing: bool = False, last: bool = False) -> bool:
        """Makes ready what can be shown; whether there is something. ``pausing``: a step has ended. ``last``: all has.

        Of a text that was cut short the end stays held back: nobody will see whether a secret ends after it.
        """
        text = "".join(self._written)
        end = len(text) if last and not self._cut else self._redactor.settled(text, pausing=pausing or last)
        self._ready += self._redactor.text(text[:end])
        self._written = [text[end:]]
        return bool(self._ready)

    def take(self) -> str:
        """The next piece of what is ready."""
        piece = fitting(self._ready, PIECE_BYTES)
        self._ready = self._ready[len(piece) :]
        return piece


def fitting(text: str, size: int) -> str:
    """The longest beginning of ``text`` that has at most ``size`` bytes in UTF-8."""
    return text if len(text) * 4 <= size else text.encode()[:size].decode("utf-8", "ignore")
