"""``Idempotency-Key`` (draft-ietf-httpapi-idempotency-key-header-07): the same submit twice is one job."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from codeforge_common.store import Idempotency
from codeforge_gateway.errors import Fault, InvalidRequest

HEADER = "Idempotency-Key"
MAX_LENGTH = 255
"""Characters of a key, as with the APIs that made the header known."""

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def key_of(request: Request) -> str | None:
    """A digest of the request's key, None where it has none.

    A digest, because it becomes part of a key of the store, and what clients choose may hold anything.

    :raises InvalidRequest: when it is empty, too long or not visible ASCII.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise InvalidRequest([Fault(HEADER, f"should have 1 to {MAX_LENGTH} visible ASCII characters")])
    return hashlib.sha256(key.encode()).hexdigest()


def idempotency(key: str | None, *, route: str, body: Mapping[str, Any]) -> Idempotency | None:
    """What the store remembers of a submit to ``route``. ``body`` has no secrets: a new token isn't another body."""
    if key is None:
        return None
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return Idempotency(key=key, route=route, digest=hashlib.sha256(canonical.encode()).hexdigest())
