"""The names that a message speaks of: those beside the word repository, and those that stand alone.

Only whole words count, and a word reaches as far as it can: "versace-landing" doesn't speak of "versace".
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

from codeforge_worker.agent.common_words import COMMON

_WORD = re.compile(r"[\w./@~-]+")
_BLANK = re.compile(r"[\s\"'`*:(“”‘’«»]*")
_REPOSITORY = frozenset({"repo", "repository", "kho"})
_BETWEEN = frozenset({"called", "git", "github", "named", "tên", "là"})
"""Words that may stand between a name and the word repository."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Word:
    text: str
    start: int

    @property
    def lower(self) -> str:
        return self.text.lower()


def neighbours(text: str) -> Sequence[tuple[str, str]]:
    """The words before and after each word repository in ``text``, in lower case; "" where there is none.

    Words that may stand between are gone over; anything but blanks and quotes parts them.
    """
    words = _words(text)
    places = (place for place, word in enumerate(words) if word.lower in _REPOSITORY)
    return [
        (_neighbour(place, words, step=-1, text=text), _neighbour(place, words, step=1, text=text)) for place in places
    ]


def beside(pairs: Iterable[tuple[str, str]], *, names: Container[str]) -> Sequence[str]:
    """The one of ``names`` in each of ``pairs``: a telling one rather than a common one, the first rather than the
    second."""
    found = (min((name for name in pair if name in names), key=_is_common, default="") for pair in pairs)
    return list(dict.fromkeys(filter(None, found)))


def alone(text: str, *, names: Container[str]) -> Sequence[str]:
    """Those of ``names`` that are words of ``text``, and no common ones."""
    found = (word.lower for word in _words(text))
    return list(dict.fromkeys(name for name in found if name in names and not _is_common(name)))


def _words(text: str) -> Sequence[_Word]:
    return [_Word(text=found[0].rstrip("./-~@"), start=found.start()) for found in _WORD.finditer(text)]


def _neighbour(place: int, words: Sequence[_Word], *, step: int, text: str) -> str:
    while 0 <= place + step < len(words):
        first, second = sorted((words[place], words[place + step]), key=lambda word: word.start)
        if not _BLANK.fullmatch(text, first.start + len(first.text), second.start):
            return ""
        place += step
        if words[place].lower not in _BETWEEN:
            return words[place].lower
    return ""


def _is_common(name: str) -> bool:
    return COMMON.fullmatch(name) is not None or len(name) < 3 or name.isdigit()
