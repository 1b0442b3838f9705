"""The forms in which a known secret might be hidden in a text."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from urllib.parse import quote

SHORTEST = 4
"""Characters from which on a value is looked for; a shorter one stands in too many innocent words."""
_SHORTEST_CODED = 8


def spellings(secret: str) -> frozenset[str]:
    """``secret`` as it is, in a URL, in JSON, in hex, backwards, and in base64 wherever it stands in what is encoded.

    As characters of one byte each, which is how :mod:`~codeforge_worker.agent.edit.checks.leaks` reads files.
    """
    return (
        frozenset(one for one in _spelled(secret) if len(one) >= SHORTEST) if len(secret) >= SHORTEST else frozenset()
    )


def _spelled(secret: str) -> Iterator[str]:
    content = secret.encode(errors="replace")
    yield content.decode("latin-1")
    yield content[::-1].decode("latin-1")
    yield quote(secret, safe="", errors="replace")
    yield json.dumps(secret)[1:-1]
    if len(content) >= _SHORTEST_CODED:
        yield content.hex()
        yield content.hex().upper()
        for skipped in range(3):
            yield from _base64(content[skipped:])


def _base64(content: bytes) -> Iterator[str]:
    """What stands for the whole groups of three bytes in it, without what its end shares with whatever follows."""
    inner = content[: len(content) // 3 * 3]
    yield base64.b64encode(inner).decode()
    yield base64.urlsafe_b64encode(inner).decode()
