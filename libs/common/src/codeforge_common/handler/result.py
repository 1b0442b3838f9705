"""What a handler returns as JSON, and the short form of a result for updates and lists. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from codeforge_common.handler.outcome import Fail, explain

if TYPE_CHECKING:  # a child, which needs none, would take longer to start
    from codeforge_common.secrets import Redactor

ABRIDGED_OVER_BYTES = 8 * 1024
"""A result over this is abridged in updates and lists (contract, section 2)."""

MEMBER_BYTES = 1024
"""In the short form strings over this are cut, and other members over this left out (contract, section 2)."""

MOST_LEVELS = 100
"""How deep a result may be nested: whoever reads it, nests it deeper still, and parsers give up somewhere."""

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_NO_BRACKETS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[^][{}"]+')
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}


@dataclass(frozen=True, slots=True)
class Json:
    """A result that is JSON text already: a child has encoded it."""

    text: str


def encode(result: Any, *, max_bytes: int, kind: str = "result") -> str:
    """``result`` as JSON text without blanks. ``kind``: ``result`` of a job, or ``step_result``.

    :raises Fail: ``result_not_json``, ``result_too_deep`` or ``result_too_large``; another attempt would end the same.
    """
    called = kind.replace("_", " ")
    try:
        text = result.text if isinstance(result, Json) else dumps(result)
        size = len(text.encode())
    except RecursionError as error:
        raise _too_deep(kind) from error
    except Exception as error:  # its methods may raise whatever they like
        raise Fail(f"{kind}_not_json", f"The {called} can't be written as JSON: {explain(error)}") from error
    if size > max_bytes:
        raise Fail(f"{kind}_too_large", f"The {called} has {size:,} bytes as JSON; at most {max_bytes:,} are kept.")
    if _nested_too_deep(text):
        raise _too_deep(kind)
    return text


def encode_clean(value: Any, *, redactor: Redactor, max_bytes: int, kind: str = "result", shapes: bool = True) -> str:
    """``value`` as JSON text without secrets. Raises Fail; see :func:`encode`.

    ``shapes=False``: what merely looks like a credential stays (see :meth:`.Redactor.text`).
    """
    text = encode(value, max_bytes=max_bytes, kind=kind)
    if redactor.text(text, shapes=shapes) == text:
        return text
    # Not the text itself: a secret such as 12345 may stand in it as a number.
    return dumps(redactor.clean(json.loads(text), shapes=shapes))


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


def _nested_too_deep(text: str) -> bool:
    """Whether JSON text is nested deeper than :data:`MOST_LEVELS`."""
    if text.count("[") + text.count("{") <= MOST_LEVELS:
        return False
    return max(accumulate(map(_STEPS.__getitem__, _NO_BRACKETS.sub("", text))), default=0) > MOST_LEVELS


def _too_deep(kind: str) -> Fail:
    return Fail(f"{kind}_too_deep", f"The {kind.replace('_', ' ')} is nested deeper than {MOST_LEVELS} levels.")


def _cut(text: str) -> str:
    """The beginning of ``text``, at most :data:`MEMBER_BYTES` in UTF-8."""
    return text.encode()[:MEMBER_BYTES].decode(errors="ignore")


def _size(text: str) -> int:
    return len(text.encode())
