"""Sends scripts to the server and reads their answers: the one retry loop, and the one translation of errors."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import msgpack
from redis import exceptions as refused
from redis.asyncio import Redis

from codeforge_common.errors import StoreFull, StoreUnavailable
from codeforge_common.store.keys import prefix
from codeforge_common.store.limits import event_log_bytes
from codeforge_common.store.messages import Limits, ServerState
from codeforge_common.store.scripts import Script, load

Answer = dict[str, Any]
Observe = Callable[[str, float], None]

TRIES = 2
"""How often an idempotent script is sent when no answer comes; another is sent once."""

SCANNED = 100
"""Keys that one look at the names of all keys takes, so that none holds the server up."""

_AWAY = (refused.ConnectionError, refused.TimeoutError, refused.BusyLoadingError, refused.ReadOnlyError)
_SCRIPT = "user_script"
"""Stands in the message of an error within a script; every other refusal is a state of the server, and may pass."""


def translate(error: Exception) -> Exception:
    """The error that a caller of the store sees: StoreFull, StoreUnavailable, or a defect of ours as it is."""
    if isinstance(error, refused.OutOfMemoryError):
        return StoreFull("The store has no memory left for new work.", retry_after=5.0)
    if isinstance(error, refused.ResponseError) and _SCRIPT in str(error):
        return error
    if isinstance(error, refused.RedisError | OSError):
        return StoreUnavailable()
    return error


class Caller:
    """Calls the scripts of one namespace.

    ``timeout``: seconds that a call may take, its second try and its wait for a connection included, so that whoever
    asked hears soon of a server that fell silent. ``clock`` stands in for the server's in tests (milliseconds);
    ``observe`` hears each call's script and seconds.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        namespace: str,
        limits: Limits,
        timeout: float,
        clock: Callable[[], int] | None = None,
        observe: Observe | None = None,
    ) -> None:
        self._redis = redis
        self._prefix = prefix(namespace)
        self._limits = limits
        self._timeout = timeout
        self._clock = clock
        self._observe = observe

    async def call(self, name: str, /, **request: Any) -> Answer:
        """The answer of the script ``name``. Raises StoreUnavailable, StoreFull."""
        answer, _ = await self.call_durably(name, fsync_ms=None, **request)
        return answer

    async def call_durably(self, name: str, /, *, fsync_ms: int | None, **request: Any) -> tuple[Answer, bool]:
        """The answer of the script, and whether the disk has what it wrote: waits for that up to ``fsync_ms``.

        None doesn't wait. Raises StoreUnavailable, StoreFull.
        """
        packed = self._pack(request)
        started = time.perf_counter()
        async with self._in_time():
            raw, durable = await self._send_until_answered(name, packed, fsync_ms)
        if self._observe is not None:
            self._observe(name, time.perf_counter() - started)
        return _unpack(raw), durable

    async def _send_until_answered(self, name: str, packed: bytes, fsync_ms: int | None) -> tuple[bytes, bool]:
        tries = TRIES if load(name, self._limits).idempotent else 1
        while True:
            tries -= 1
            try:
                return await self._send(load(name, await self._limits_here()), packed, fsync_ms)
            except (refused.RedisError, OSError) as error:
                if tries == 0 or not isinstance(error, _AWAY):
                    raise
                if isinstance(error, refused.ReadOnlyError):
                    # A failover: the address leads to another server by now, and we are connected to the one before.
                    await self._redis.connection_pool.disconnect(inuse_connections=False)

    async def _send(self, script: Script, packed: bytes, fsync_ms: int | None) -> tuple[bytes, bool]:
        try:
            return await self._evaluate(script, packed, fsync_ms)
        except refused.NoScriptError:  # nothing was run: the server has been restarted or is new
            await self._redis.script_load(script.text)
            return await self._evaluate(script, packed, fsync_ms)

    async def _evaluate(self, script: Script, packed: bytes, fsync_ms: int | None) -> tuple[bytes, bool]:
        if fsync_ms is None:
            return await self._redis.evalsha(script.sha, 1, self._prefix, packed), True
        async with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.evalsha(script.sha, 1, self._prefix, packed)
            # On the same connection: it waits for the writes of its own only.
            pipeline.execute_command("WAITAOF", 1, 0, fsync_ms)
            raw, on_disk = await pipeline.execute(raise_on_error=False)
        if isinstance(raw, Exception):
            raise raw
        return raw, _on_disk(on_disk)

    async def server(self) -> ServerState:
        """What ``INFO`` says of memory and connections. Raises StoreUnavailable."""
        async with self._in_time():
            said = await self._redis.info("memory") | await self._redis.info("clients")
        return ServerState(
            memory=int(said["used_memory"]),
            memory_max=int(said.get("maxmemory", 0)),
            connections=int(said["connected_clients"]),
            connections_max=int(said.get("maxclients", 0)),
        )

    async def job_ids(self) -> AsyncIterator[list[str]]:
        """The ids in the names of all keys of jobs, some at a time; one may come twice. Raises StoreUnavailable."""
        start, cursor = f"{self._prefix}:job:", None
        while cursor != 0:
            async with self._in_time():
                cursor, names = await self._redis.scan(cursor or 0, match=f"{_literal(start)}*", count=SCANNED)
            keys = (name if isinstance(name, str) else name.decode() for name in names)
            ids = {key[len(start) :].partition(":")[0] for key in keys}
            if ids:
                yield sorted(ids)

    async def can_wait_for_disk(self) -> bool:
        """Whether the server writes an append-only file and knows WAITAOF (7.2 and later). Raises StoreUnavailable."""
        async with self._in_time():
            persistence = await self._redis.info("persistence")
            known = await self._redis.command_list(pattern="waitaof")
        return bool(known) and bool(int(persistence.get("aof_enabled", 0)))

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._timeout):
                yield
        except (refused.RedisError, OSError) as error:  # TimeoutError is among them
            raise translate(error) from error

    async def _limits_here(self) -> Limits:
        if self._limits.event_log_max_bytes is None:
            memory = await self._redis.info("memory")
            self._limits = replace(self._limits, event_log_max_bytes=event_log_bytes(int(memory.get("maxmemory", 0))))
        return self._limits

    def _pack(self, request: Answer) -> bytes:
        if self._clock is not None:
            request = {**request, "now": self._clock()}
        packed: bytes = msgpack.packb(request, use_bin_type=False)  # the Lua side knows no bin type
        return packed


def _literal(text: str) -> str:
    # What stands for itself in a pattern.
    return re.sub(r"([\\*?\[\]])", r"\\\1", text)


def _on_disk(answer: Any) -> bool:
    # [copies here, copies on replicas]; an error where the server writes no append-only file.
    return isinstance(answer, list) and int(answer[0]) >= 1


def _unpack(raw: bytes) -> Answer:
    # Lua has one kind of string; sealed secrets are not text and survive as surrogate escapes.
    answer = msgpack.unpackb(raw, raw=False, unicode_errors="surrogateescape", strict_map_key=False)
    return answer if isinstance(answer, dict) else {}
