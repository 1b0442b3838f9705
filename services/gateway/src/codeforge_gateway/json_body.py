"""A body as JSON: its content type, its text, and the values in it that JSON allows and nobody can store."""

from __future__ import annotations

import math
import re
from typing import Any

from pydantic_core import from_json
from starlette.requests import Request

from codeforge_gateway.errors import InvalidJson, UnsupportedMediaType
from codeforge_gateway.limits import read_body
from codeforge_gateway.parts import parts_of

# A page of another origin can send `text/plain`, a form or no type at all without asking us first (a "simple
# request" of the Fetch standard); JSON makes its browser ask. So the type is wanted.
_JSON = re.compile(r"application/(?:[a-z0-9.+-]+\+)?json\s*(?:;\s*charset=\"?utf-?8\"?\s*)?", re.IGNORECASE)

# What may lead to a NUL, an infinity or an integer over 64 bits. Without a hit there is nothing to look for.
_SUSPICIOUS = re.compile(rb"\\u0000|[eE]\+?\d{3}|\d{19}")


async def read_json(request: Request) -> dict[str, Any]:
    """The request's body, a JSON object.

    :raises UnsupportedMediaType: it isn't announced as JSON.
    :raises BodyTooLarge: it has more than ``MAX_BODY_BYTES``.
    :raises RequestTimeout: it takes longer than ``BODY_TIMEOUT_SECONDS``.
    :raises InvalidJson: it can't be read: broken, nested over 200 deep, not an object, or with NUL, NaN, infinity or
        an integer over 64 bits in it.
    """
    body = await _body(request)
    _check_type(request)
    return parse(body)


async def read_optional_json(request: Request) -> dict[str, Any]:
    """As :func:`read_json`; no body at all is an empty object, and needs no content type."""
    body = await _body(request)
    if not body:
        return {}
    _check_type(request)
    return parse(body)


def parse(body: bytes) -> dict[str, Any]:
    """``body`` as a JSON object. Of a member that comes twice the last counts.

    :raises InvalidJson: never with a word of the body in it.
    """
    try:
        value = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        # jiter names what it expected and where, not what it found.
        raise InvalidJson(f"is not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise InvalidJson("should be a JSON object")
    if _SUSPICIOUS.search(body):
        _refuse_unstorable(value)
    return value


async def _body(request: Request) -> bytes:
    settings = parts_of(request).settings
    return await read_body(request, max_bytes=settings.max_body_bytes, within=settings.body_timeout_seconds)


def _check_type(request: Request) -> None:
    if not _JSON.fullmatch(request.headers.get("content-type", "")):
        raise UnsupportedMediaType("Send the body as JSON, with `Content-Type: application/json`.")


def _refuse_unstorable(value: Any) -> None:
    match value:
        case dict():
            for name, member in value.items():
                _refuse_unstorable(name)
                _refuse_unstorable(member)
        case list():
            for item in value:
                _refuse_unstorable(item)
        case str() if "\0" in value:
            raise InvalidJson("has the character U+0000 in it")
        case float() if math.isinf(value):
            raise InvalidJson("has a number in it that is too large")
        case int() if not -(2**63) <= value < 2**64:
            raise InvalidJson("has an integer in it that doesn't fit into 64 bits")
