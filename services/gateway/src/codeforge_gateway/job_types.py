"""The job types that workers have announced, with their schemas compiled: read every few seconds, and on a miss."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from codeforge_common.errors import StoreUnavailable, UnknownJobType
from codeforge_common.job import BUILT_IN_TYPES, JobType, is_secret_field
from codeforge_common.store import Store
from codeforge_common.telemetry.metrics import Metrics
from codeforge_gateway.errors import Fault
from codeforge_gateway.validation import Validator, compiled, faults

REFRESH_SECONDS = 5.0
"""How old the known types may be (architecture: Job types)."""

MOST_TOLD = 10
"""Known types that the answer for an unknown one names."""

_log = structlog.get_logger(__name__)


class KnownType:
    """A job type as it was announced, ready to check a ``context`` with."""

    __slots__ = ("_validator", "digest", "type")

    def __init__(self, type: JobType) -> None:
        """Raises ValueError, with a sentence for whoever made the type, when it can't be used as it was announced."""
        if not all(map(is_secret_field, type.secret_fields)):
            raise ValueError("One of its secret fields is no path that begins with `context.`.")
        self.type = type
        self.digest = type.digest
        try:
            self._validator: Validator = compiled(type.context_schema)
        except ValueError:
            raise ValueError("Its context schema is no valid JSON schema (2020-12).") from None

    def faults(self, context: Mapping[str, Any]) -> Sequence[Fault]:
        """What is wrong with ``context``; paths begin with ``context``."""
        return faults(self._validator, context, below="context")


class JobTypes:
    """Knows the job types of the whole installation. The built-in ones are known before the store answered."""

    def __init__(self, *, store: Store, metrics: Metrics, refresh_seconds: float = REFRESH_SECONDS) -> None:
        self._store = store
        self._metrics = metrics
        self._refresh_seconds = refresh_seconds
        self._known: dict[str, KnownType] = {type.name: KnownType(type) for type in BUILT_IN_TYPES}
        self._unusable: Mapping[str, str] = {}
        self._reading: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Announces the built-in types and keeps up with what workers announce. Runs until cancelled."""
        while True:
            try:
                await self.restore()
            except StoreUnavailable:
                _log.debug("job types not read: the store is away")
            await asyncio.sleep(self._refresh_seconds)

    async def find(self, name: str) -> KnownType:
        """The type called ``name``; one that isn't known is looked for in the store. Raises UnknownJobType."""
        if name not in self._known:
            await self.refresh()
        try:
            return self._known[name]
        except KeyError:
            raise self._unknown(name) from None

    def get(self, name: str) -> KnownType | None:
        """The type called ``name`` as far as it is known here."""
        return self._known.get(name)

    def _unknown(self, name: str) -> UnknownJobType:
        types = sorted(self._known)[:MOST_TOLD]
        if fault := self._unusable.get(name):
            return UnknownJobType(f"A worker has announced this job type, but it can't be used. {fault}", types=types)
        return UnknownJobType("No worker has announced this job type.", types=types)

    async def restore(self) -> None:
        """Announces the built-in types where they are missing, as in a store that was emptied, and reads them all."""
        await self._store.announce(BUILT_IN_TYPES, only_missing=True)
        await self.refresh()

    async def refresh(self) -> None:
        """Reads the announcements now. Calls that come meanwhile share the one read. Raises StoreUnavailable."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
        # Shielded: one caller that goes away must not take the answer from the others.
        await asyncio.shield(self._reading)

    async def _read(self) -> None:
        announced = await self._store.types()
        known: dict[str, KnownType] = {}
        unusable: dict[str, str] = {}
        for name, type in announced.items():
            before = self._known.get(name)
            if before is not None and before.type == type:
                known[name] = before
                continue
            try:
                known[name] = KnownType(type)
            except ValueError as error:
                unusable[name] = str(error)
            else:
                self._metrics.know(name)
        for name, fault in unusable.items():
            if self._unusable.get(name) != fault:
                _log.error("job type left out", type=name, reason=fault)
        self._known = known
        self._unusable = unusable
