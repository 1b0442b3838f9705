"""Reads what is left when everything has come to rest: records, indexes, counters."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import redis

from codeforge_common.record import PackedRecord, unpack
from codeforge_common.store import keys
from tests.chaos.history import Indexes, Record

CLAIMED = "claimed"
"""The moment of a timeline that tells of a claim."""
OF_JOBS = frozenset({"leases", "delayed", "finished", "completed", "jobs", "ready"})
OF_USERS = frozenset({"rotation", "rotating"})
COUNTERS = frozenset({"counts", "load"})


class Remains:
    """One namespace of a server that nobody uses any more."""

    def __init__(self, url: str, *, namespace: str) -> None:
        self._client = redis.Redis.from_url(url, decode_responses=True)
        self._raw = redis.Redis.from_url(url)
        self._start = keys.prefix(namespace) + ":"

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()
        self._raw.close()

    def statuses(self) -> dict[str, str]:
        """Where each job stands."""
        return {record.id: record.state for record in self._packed()}

    def records(self) -> dict[str, Record]:
        """Every job by its id."""
        return {record.id: self._record(record) for record in self._packed()}

    def _packed(self) -> list[PackedRecord]:
        with self._raw.pipeline(transaction=False) as pipeline:
            for key in self._keys("job:*"):
                if key.count(":") == 1:
                    pipeline.get(self._start + key)
            return [unpack(packed) for packed in pipeline.execute() if packed]

    def indexes(self) -> Indexes:
        """Every index and counter."""
        members: dict[str, Any] = {}
        numbers: dict[str, dict[str, int]] = {}
        parts = set()
        for key in self._keys("*"):
            family, _, rest = key.partition(":")
            if family in OF_JOBS | OF_USERS:
                members[key] = self._members(self._start + key)
            elif family in COUNTERS:
                counters: Any = self._client.hgetall(self._start + key)
                numbers[key] = {name: int(number) for name, number in counters.items()}
            elif family == "job":
                parts.add(rest.partition(":")[0])
        return Indexes(members=members, numbers=numbers, parts=parts)

    def _keys(self, pattern: str) -> list[str]:
        start = self._start.replace("{", "\\{")
        return sorted(key[len(self._start) :] for key in self._client.scan_iter(start + pattern, count=1000))

    def _record(self, found: PackedRecord) -> Record:
        key = f"{self._start}job:{found.id}"
        result = json.loads(self._text(f"{key}:result") or "null")
        return Record(
            type=found.type,
            user=found.user,
            status=found.state,
            seq=found.seq,
            attempts=found.attempts or 0,
            crashes=found.crashes or 0,
            error=json.loads(self._text(f"{key}:error") or "null"),
            result_of=result.get("run") if isinstance(result, dict) else None,
            tokens=_tokens(found, [json.loads(moment) for moment in self._list(f"{key}:timeline")]),
            claims_forgotten=bool(found.forgotten),
            output=(self._text(f"{key}:output") or "").splitlines(),
            log=[json.loads(line).partition("] ")[2] for line in self._list(f"{key}:log")],
        )

    def _list(self, key: str) -> list[str]:
        items: Any = self._client.lrange(key, 0, -1)
        return [str(item) for item in items]

    def _text(self, key: str) -> str | None:
        text: Any = self._client.get(key)
        return None if text is None else str(text)

    def _members(self, key: str) -> list[str]:
        kind = self._client.type(key)
        found: Any
        if kind == "zset":
            found = self._client.zrange(key, 0, -1)
        elif kind == "list":
            found = self._client.lrange(key, 0, -1)
        elif kind == "set":
            found = self._client.smembers(key)
        else:
            found = self._client.hkeys(key)
        return list(found)


def _tokens(found: PackedRecord, timeline: Sequence[Mapping[str, Any]]) -> list[int]:
    """Of all claims. The last one may stand in the record only, as its token and worker."""
    tokens = [int(moment["token"]) for moment in timeline if moment["event"] == CLAIMED]
    return [*tokens, int(found.token)] if found.worker and found.noted != found.token else tokens
