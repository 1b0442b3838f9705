"""The stream's commands, over one connection."""

from __future__ import annotations

from typing import Any

from codeforge_common.event_log.cursor import BEFORE_ALL, EntryId
from codeforge_common.event_log.entry import Entry, decode
from codeforge_common.store import keys
from codeforge_common.store.connect import connect

BLOCK_SECONDS = 5.0
"""How long a read waits on the server for something new."""

_ANSWER_SECONDS = BLOCK_SECONDS + 5.0  # beyond that the connection is dead, whatever TCP believes
_CHUNK = 500


class StreamReader:
    """Reads one namespace's log. Every method may raise ``redis.RedisError``, ``OSError``, UnreadableEntry."""

    def __init__(self, url: str, *, namespace: str, tls_verify: str, tls_ca: str | None) -> None:
        self._key = keys.key(namespace, keys.EVENTS)
        self._client = connect(url, max_connections=1, timeout=_ANSWER_SECONDS, tls_verify=tls_verify, tls_ca=tls_ca)

    async def ping(self) -> None:
        """Returns when the server answers."""
        await self._client.ping()

    async def newest(self, *, max_bytes: int) -> list[Entry]:
        """The newest entries in order, without a gap, ``max_bytes`` of the log at most."""
        found: list[Entry] = []
        before = "+"
        while True:
            answer: Any = await self._client.xrevrange(self._key, max=before, min="-", count=_CHUNK)
            for entry_id, fields in answer:
                entry = decode(entry_id, fields)
                if found and (found[-1].n != entry.n + 1 or found[0].at - entry.at > max_bytes):
                    return found[::-1]
                found.append(entry)
            if len(answer) < _CHUNK:
                return found[::-1]
            before = f"({found[-1].id}"

    async def after(self, entry: Entry | None) -> list[Entry]:
        """What was appended after ``entry``, at most a chunk of it; waits up to :data:`BLOCK_SECONDS` for something."""
        last = str(BEFORE_ALL if entry is None else entry.id)
        answer: Any = await self._client.xread({self._key: last}, count=_CHUNK, block=int(BLOCK_SECONDS * 1000))
        return [decode(entry_id, fields) for _, entries in answer or () for entry_id, fields in entries]

    async def has(self, id: EntryId) -> bool:
        """Whether the log still holds the entry ``id``."""
        return bool(await self._client.xrange(self._key, min=str(id), max=str(id)))

    async def close(self) -> None:
        """Closes the connection."""
        await self._client.aclose()
