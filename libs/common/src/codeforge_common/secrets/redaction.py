"""Replaces secrets in what people and machines get to read: logs, errors, events, results and traces."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from threading import Lock
from typing import Any
from urllib.parse import quote

from codeforge_common.secrets.unfinished import unfinished

REDACTED = "[redacted]"

SHORTEST = 4
"""Characters from which on a known value is replaced; a shorter one stands in too many innocent words."""

MOST_PLACES = 10_000
"""A text with so many secrets in it is replaced as a whole: a client's megabyte of ``aaa…`` would stall the process."""

# A hint that each text with the shape holds, the shape, and what it becomes. The hints make the usual case, a text
# with nothing in it, cheap. No shape may look at the same characters from two starting points: a client's text of a
# megabyte would stall the event loop.
_SHAPES = tuple(
    (hint, re.compile(pattern), replacement)
    for hint, pattern, replacement in (
        ("gh", r"gh[opsur]_[A-Za-z0-9_.-]{4,}", REDACTED),  # GitHub: OAuth, personal, server, user, refresh tokens
        ("github_pat_", r"github_pat_[A-Za-z0-9_]{4,}", REDACTED),  # GitHub: fine-grained personal tokens
        ("sk-", r"(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{16,}", REDACTED),  # keys of model providers
        ("eyJ", r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*", REDACTED),  # JWT (RFC 7519)
        ("earer ", r"([Bb]earer +)[A-Za-z0-9._~+/-]{8,}=*", rf"\1{REDACTED}"),  # bearer tokens (RFC 6750)
        ("asic ", r"([Bb]asic +)[A-Za-z0-9+/]{20,}=*", rf"\1{REDACTED}"),  # user and password (RFC 7617), as git sends
        ("://", r"://[^\s/?#\"'<>]+@", f"://{REDACTED}@"),  # userinfo in an address (RFC 3986)
    )
)


_SPELLED_ALIKE = re.compile(r"[A-Za-z0-9_.~-]+")
"""What is the same in JSON, in a ``repr`` and in an address (the unreserved characters of RFC 3986): most tokens."""


def redact(text: str) -> str:
    """``text`` with everything that looks like a credential replaced by ``[redacted]``."""
    for hint, shape, replacement in _SHAPES:
        if hint in text:
            text = shape.sub(replacement, text)
    return text


class Redactor:
    """Replaces the secrets that the process holds at the moment, and what looks like one. Safe across threads.

    Known values are also found as they stand in JSON, in a Python ``repr`` and in an address; each line of a value
    with several lines is found on its own.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._lock = Lock()
        self._held = Counter(values)
        self._spellings = _spellings(self._held)

    @contextmanager
    def holding(self, values: Iterable[str]) -> Iterator[None]:
        """Knows ``values`` too while the block runs: a job's secrets, until its outcome is written."""
        held = Counter(values)
        self._change(add=held)
        try:
            yield
        finally:
            self._change(remove=held)

    def text(self, text: str, *, shapes: bool = True) -> str:
        """``text`` without secrets.

        ``shapes=False``: only the known values go. What merely looks like a credential stays, because whoever works on
        with the text, such as a file's content or a patch, needs it exactly; it mustn't be shown to anybody.
        """
        places = [place for spelling in self._spellings for place in islice(_places(spelling, text), MOST_PLACES)]
        if len(places) >= MOST_PLACES:
            return REDACTED
        text = _replace(text, sorted(places)) if places else text
        return redact(text) if shapes else text

    def settled(self, text: str, *, pausing: bool = False) -> int:
        """How much of the beginning of ``text`` can be redacted by itself when more is to come: no secret goes on.

        ``pausing``: what comes may take a while; less is held back (see :func:`.unfinished.unfinished`).
        """
        return unfinished(text, values=self._spellings, pausing=pausing)

    def finds_in(self, value: Any) -> bool:
        """Whether :meth:`clean` would change a JSON-like value. Much cheaper, and mostly the answer is no."""
        texts: list[str] = []
        _gather(value, texts)
        # No shape and no known value needs what stands around the NUL, and JSON from outside has none.
        text = "\0".join(texts)
        return self.text(text) != text

    def clean(self, value: Any, *, shapes: bool = True) -> Any:
        """A copy of a JSON-like value whose strings and keys hold no secrets; other objects become their ``repr``.

        ``shapes``: see :meth:`text`.
        """
        if isinstance(value, str):
            return self.text(value, shapes=shapes)
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, dict):
            return {self.clean(key, shapes=shapes): self.clean(member, shapes=shapes) for key, member in value.items()}
        if isinstance(value, list | tuple):
            return [self.clean(item, shapes=shapes) for item in value]
        return self.text(repr(value), shapes=shapes)

    def _change(self, *, add: Counter[str] | None = None, remove: Counter[str] | None = None) -> None:
        with self._lock:
            self._held = self._held + (add or Counter()) - (remove or Counter())
            # Replaced and never changed, so that readers need no lock.
            self._spellings = _spellings(self._held)


def _spellings(values: Iterable[str]) -> frozenset[str]:
    whole = {value for value in values if len(value) >= SHORTEST}
    lines = {line.strip() for value in whole for line in value.splitlines() if len(line.strip()) >= 2 * SHORTEST}
    return frozenset(spelling for value in whole | lines for spelling in _spelled(value))


def _gather(value: Any, texts: list[str]) -> None:
    if isinstance(value, str):
        texts.append(value)
    elif isinstance(value, dict):
        for key, member in value.items():
            texts.append(key)
            _gather(member, texts)
    elif isinstance(value, list | tuple):
        for item in value:
            _gather(item, texts)


def _spelled(value: str) -> Iterator[str]:
    yield value
    if _SPELLED_ALIKE.fullmatch(value):
        return
    yield repr(value)[1:-1]
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield quote(value, safe="", errors="replace")


def _places(value: str, text: str) -> Iterator[tuple[int, int]]:
    start = text.find(value)
    while start >= 0:
        yield start, start + len(value)
        start = text.find(value, start + 1)


def _replace(text: str, places: list[tuple[int, int]]) -> str:
    # Two secrets may overlap; replacing one after the other would leave the rest of the second.
    parts: list[str] = []
    done = 0
    for start, end in places:
        if start > done or not parts:
            parts += text[done:start], REDACTED
        done = max(done, end)
    return "".join([*parts, text[done:]])
