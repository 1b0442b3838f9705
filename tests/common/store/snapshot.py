"""Everything that a namespace holds, read in one call, so that a test can look at all of it after each step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import msgpack
from redis.asyncio import Redis

from codeforge_common.store.keys import EVENTS, prefix

_READ = """
local READ = {
    string = function(key) return redis.call('GET', key) end,
    hash = function(key) return redis.call('HGETALL', key) end,
    list = function(key) return redis.call('LRANGE', key, 0, -1) end,
    set = function(key) return redis.call('SMEMBERS', key) end,
    zset = function(key) return redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') end,
    stream = function(key) return redis.call('XRANGE', key, ARGV[2], '+') end,
}
local found = {}
for i, key in ipairs(redis.call('KEYS', ARGV[1])) do
    local kind = redis.call('TYPE', key).ok
    found[i] = { key, kind, READ[kind](key), redis.call('PTTL', key) }
end
return cmsgpack.pack(found)
"""
_WIPE = "for _, key in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('DEL', key) end"


@dataclass(frozen=True)
class Snapshot:
    """The keys without their prefix: strings as text, sorted sets as ``{member: score}``; lifetimes in milliseconds."""

    values: dict[str, Any]
    lifetimes: dict[str, int]

    def text(self, key: str) -> str | None:
        return cast("str | None", self.values.get(key))

    def entries(self) -> list[tuple[str, dict[str, str]]]:
        """The event log, each entry's id and fields."""
        return cast("list[tuple[str, dict[str, str]]]", self.values.get(EVENTS, []))

    def hash(self, key: str) -> dict[str, str]:
        return cast("dict[str, str]", self.values.get(key, {}))

    def list(self, key: str) -> list[str]:
        return cast("list[str]", self.values.get(key, []))

    def set(self, key: str) -> set[str]:
        return cast("set[str]", self.values.get(key, set()))

    def scores(self, key: str) -> dict[str, float]:
        return cast("dict[str, float]", self.values.get(key, {}))


async def snapshot(redis: Redis, namespace: str, *, after: str = "-") -> Snapshot:
    """All keys of ``namespace``, of the event log the entries from the id ``after`` on (``(id``: without it)."""
    start = prefix(namespace) + ":"
    packed = await cast(Any, redis).eval(_READ, 0, f"{start}*", after)
    values: dict[str, Any] = {}
    lifetimes: dict[str, int] = {}
    for key, kind, raw, lifetime in msgpack.unpackb(packed, raw=False, unicode_errors="surrogateescape"):
        values[key[len(start) :]] = _as_python(kind, raw)
        lifetimes[key[len(start) :]] = lifetime
    return Snapshot(values=values, lifetimes=lifetimes)


async def wipe(redis: Redis, namespace: str) -> None:
    """Removes every key of ``namespace``."""
    await cast(Any, redis).eval(_WIPE, 0, f"{prefix(namespace)}:*")


def _as_python(kind: str, raw: Any) -> Any:
    if kind == "set":
        return set(raw)
    if kind == "stream":
        return [(entry, _pairs(fields)) for entry, fields in raw]
    if kind == "hash":
        return _pairs(raw)
    if kind == "zset":
        return {member: float(score) for member, score in _pairs(raw).items()}
    return raw


def _pairs(flat: list[str]) -> dict[str, str]:
    return dict(zip(flat[::2], flat[1::2], strict=True))
