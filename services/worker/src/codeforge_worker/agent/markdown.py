"""Markdown for people, from texts that anybody may have written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

CODE_LENGTH = 120

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")


def code(text: str) -> str:
    """``text`` as a code span, in which nothing is markup, that also stands in a table. Cut at 120 characters.

    A ``|`` would end a table's cell even in code (GFM 4.10), a backtick the span, and a right-to-left mark would let a
    name read as another.
    """
    shown = _UNPRINTABLE.sub("�", text)
    shown = shown if len(shown) <= CODE_LENGTH else f"{shown[: CODE_LENGTH - 1]}…"
    escaped = shown.replace("`", "ˋ").replace("|", "\\|")
    return f"`{escaped}`" if escaped.strip() else "`?`"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; a column whose head begins with ``#`` is set to the right, without that mark."""
    titles = " | ".join(title.removeprefix("#") for title in head)
    rule = " | ".join("---:" if title.startswith("#") else "---" for title in head)
    lines = [titles, rule, *(" | ".join(str(cell) for cell in row) for row in rows)]
    return "\n".join(f"| {line} |" for line in lines)


def size(count: int) -> str:
    """Bytes for people."""
    if count < 1024:
        return f"{count} B"
    value = float(count)
    for unit in ("KiB", "MiB", "GiB"):
        value /= 1024
        if value < 1024 or unit == "GiB":
            break
    return f"{value:.1f} {unit}"


def counted(number: int, one: str, many: str | None = None) -> str:
    """``1 file``, ``1,234 files``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
