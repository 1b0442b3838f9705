"""What becomes of what a handler tells before anybody sees it. Pure."""

from __future__ import annotations

import math

from codeforge_common.secrets import Redactor

STAGE_LENGTH = 200
"""Characters of a stage; it is a caption, not a text."""


def percent_of(told: object) -> int | None:
    """What a handler told of its progress as a whole number 0..100; None where it isn't a number."""
    try:
        number = float(told)  # type: ignore[arg-type]  # a handler may give anything
    except (TypeError, ValueError, OverflowError):
        return None
    return 0 if math.isnan(number) else int(min(max(number, 0), 100))


def stage_of(told: object, *, redactor: Redactor) -> str:
    """A stage without secrets, cut to :data:`STAGE_LENGTH`."""
    return clean(told, redactor=redactor)[:STAGE_LENGTH]


def lines_of(told: object, *, redactor: Redactor) -> list[str]:
    """The lines of a text for the log, without secrets; at least one."""
    return clean(told, redactor=redactor).splitlines() or [""]


def clean(told: object, *, redactor: Redactor) -> str:
    """A text without secrets that can be written as UTF-8."""
    return writable(redactor.text(str(told)))


def writable(text: str) -> str:
    """``text`` without lone surrogates, which aren't UTF-8; a handler that reads file names gets at one easily."""
    return text.encode("utf-8", "replace").decode()
