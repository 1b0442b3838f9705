"""What a handler returns as JSON, and the short form of a result for updates and lists. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from codeforge_worker.outcome import Fail

ABRIDGED_OVER_BYTES = 8 * 1024
"""A result over this is abridged in updates and lists (contract, section 2)."""

MEMBER_BYTES = 1024
"""In the short form strings over this are cut, and other members over this left out (contract, section 2)."""

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Json:
    """A result that is JSON text already: a child has encoded it."""

    text: str


def encode(result: Any, *, max_bytes: int, kind: str = "result") -> str:
    """``result`` as JSON text without blanks. ``kind``: ``result`` of a job, or ``step_result``.

    :raises Fail: e.g. ``result_not_json`` or ``result_too_large``; another attempt would end the same way.
    """
    called = kind.replace("_", " ")
    try:
        text = result.text if isinstance(result, Json) else dumps(result)
        size = len(text.encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise Fail(f"{kind}_not_json", f"The {called} can't be written as JSON: {error}") from error
    if size > max_bytes:
        raise Fail(f"{kind}_too_large", f"The {called} has {size:,} bytes as JSON; at most {max_bytes:,} are kept.")
    return text


def abridge(text: str) -> str | None:
    """The short form of a result in JSON, at most 8 KiB; None where the result is short enough itself.

    An object keeps its shape. Of anything else ``{"truncated": true}`` is left, with the beginning of a text as
    ``text``.
    """
    if _size(text) <= ABRIDGED_OVER_BYTES:
        return None
    result = json.loads(text)
    members = {"text": result} if isinstance(result, str) else result if isinstance(result, dict) else {}
    short: dict[str, Any] = {}
    room = ABRIDGED_OVER_BYTES - _size(dumps({"truncated": True}))
    for name, value in members.items():
        kept = _cut(value) if isinstance(value, str) else value
        needed = _size(dumps({name: kept}))  # one of its braces stands for the comma
        if (isinstance(value, str) or _size(dumps(value)) <= MEMBER_BYTES) and needed <= room:
            short[name] = kept
            room -= needed
    return dumps({**short, "truncated": True})


def dumps(value: Any) -> str:
    """``value`` as compact JSON, in the letters that it has. Raises TypeError and ValueError."""
    return _ENCODER.encode(value)


def _cut(text: str) -> str:
    """The beginning of ``text``, at most :data:`MEMBER_BYTES` in UTF-8."""
    return text.encode()[:MEMBER_BYTES].decode(errors="ignore")


def _size(text: str) -> int:
    return len(text.encode())
