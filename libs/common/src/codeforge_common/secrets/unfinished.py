"""Where a secret may have begun in a text that goes on: the rest may come with the next piece. Pure.

Complements the shapes of :mod:`.redaction`, generously: holding a word back for a moment costs nobody anything.
"""

from __future__ import annotations

import re
import string
from collections.abc import Collection, Iterator

LONGEST = 8192
"""Characters in which what looks like a credential has to end; a header's line is no longer anywhere."""

MOST_TORN = 1000
"""Overlapping secrets that are looked at, so that a text of a secret's own letters doesn't stall the process."""

_OPENINGS = (
    *("gho_", "ghp_", "ghs_", "ghu_", "ghr_", "github_pat_", "sk-", "eyJ"),
    *("Bearer ", "bearer ", "Basic ", "basic ", "://"),
)
_TOKEN = re.compile(r"gh[opsur]_|github_pat_|(?<![A-Za-z0-9])sk-|(?<![\w-])eyJ")
_TOKEN_LETTERS = string.ascii_letters + string.digits + "_.-"
_SCHEME = re.compile(r"(?:[Bb]earer|[Bb]asic) +\Z")
_SCHEME_LETTERS = string.ascii_letters + string.digits + "._~+/=-"
_ENDS_OF_ADDRESS = string.whitespace + "/?#\"'<>"


def unfinished(text: str, *, values: Collection[str], pausing: bool = False) -> int:
    """Where in ``text`` a secret begins, or may begin, that the end of the text cuts off; its length where none does.

    ``values``: the known secrets as they may be spelled. ``pausing``: a letter that half of all words end with doesn't
    count as the beginning of a credential that nobody knows.
    """
    begin = min(_begins(text, values if pausing else (*values, *_OPENINGS)), default=len(text))
    for _ in range(MOST_TORN):
        # One secret may stand in the beginning of another: no whole one may be torn apart.
        torn = [start for value in values if (start := _torn(text, value, at=begin)) >= 0]
        if not torn:
            break
        begin = min(torn)
    return begin


def _begins(text: str, values: Collection[str]) -> Iterator[int]:
    for value in values:
        if length := _overlap(text, value):
            yield len(text) - length
    offset = max(len(text) - LONGEST, 0)
    tail = text[offset:]
    word = len(tail.rstrip(_TOKEN_LETTERS))
    if token := _TOKEN.search(tail, word):
        yield offset + token.start()
    if scheme := _SCHEME.search(tail[: len(tail.rstrip(_SCHEME_LETTERS))]):
        yield offset + scheme.start()
    address = max(map(tail.rfind, _ENDS_OF_ADDRESS)) + 1
    if tail.endswith("://", 0, address):
        yield offset + address - len("://")


def _overlap(text: str, whole: str) -> int:
    """The length of the longest beginning of ``whole``, not all of it, with which ``text`` ends."""
    end = len(whole) - 1
    while text and (place := whole.rfind(text[-1], 0, end)) >= 0:
        if text.endswith(whole[: place + 1]):
            return place + 1
        end = place
    return 0


def _torn(text: str, value: str, *, at: int) -> int:
    """Where ``value`` stands around ``at``, partly before and partly after it; -1 where it doesn't."""
    return text.find(value, max(at - len(value) + 1, 0), at + len(value) - 1)
