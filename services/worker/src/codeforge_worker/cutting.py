"""Cuts long texts in a child where no secret is torn in two: half of one is found by nobody afterwards."""

from __future__ import annotations

from collections.abc import Iterable


def beginning(text: str, length: int, *, secrets: Iterable[str]) -> str:
    """At most ``length`` characters of ``text``, from its beginning. ``secrets``: those that may stand in it."""
    return text if len(text) <= length else _clean(text, secrets)[:length]


def end(text: str, length: int, *, secrets: Iterable[str]) -> str:
    """The same from its end."""
    return text if len(text) <= length else _clean(text, secrets)[-length:]


def _clean(text: str, secrets: Iterable[str]) -> str:
    # Imported when it is needed: it takes longer than all else that a child imports, and few texts are so long.
    from codeforge_common.secrets import Redactor

    return Redactor(secrets).text(text)
