"""What is known of the log, and who listens to it. No I/O; everything happens in one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

import structlog

from codeforge_common.event_log.cursor import BEFORE_ALL, UNKNOWN, EntryId
from codeforge_common.event_log.entry import Entry
from codeforge_common.event_log.memory import Memory
from codeforge_common.event_log.subscription import Subscription
from codeforge_common.event_log.update import Audience, Update

REACH_SECONDS = 2.0
"""How long a join waits for a cursor that another process knows already and we don't (architecture: Event log)."""

_log = structlog.get_logger(__name__)


class Feed:
    """The log's tail and its subscriptions. An update finds its subscribers by what it concerns, never by a scan."""

    def __init__(self, *, max_bytes: int) -> None:
        self.memory = Memory(max_bytes=max_bytes)
        self.loaded = False
        self.subscriptions: set[Subscription] = set()
        self._listening: dict[Audience, set[Subscription]] = {}
        self._max_bytes = max_bytes
        self._grown = asyncio.Event()

    @property
    def cursor(self) -> str:
        """The position of the newest entry known here."""
        if not self.loaded:
            return UNKNOWN  # an empty log's would bring the whole log once it is there
        newest = self.memory.newest
        return "0" if newest is None else str(newest.id)

    def load(self, entries: Iterable[Entry]) -> None:
        """Begins anew with ``entries``, the newest part of the log; every subscription is lost."""
        self.lose_all()
        self.memory = Memory(entries, max_bytes=self._max_bytes)
        self.loaded = True
        self._wake()

    def take(self, entry: Entry) -> None:
        """Remembers the next entry and delivers its updates, in one step of the loop."""
        self.memory.append(entry)
        wanted: dict[Subscription, list[Update]] = {}
        for update in entry.updates if self._listening else ():
            candidates = {one for audience in update.audiences for one in self._listening.get(audience, ())}
            for subscription in candidates:
                if subscription.wants(update):
                    wanted.setdefault(subscription, []).append(update)
        for subscription, updates in wanted.items():
            if subscription in self.subscriptions:  # a delivery may have closed another one
                self._deliver(subscription, updates)
        self._wake()

    def _deliver(self, subscription: Subscription, updates: Sequence[Update]) -> None:
        try:
            subscription.deliver(updates)
        except Exception:
            # Whatever is wrong with one client, the others get their updates.
            _log.exception("an update couldn't be delivered")
            self._lose(subscription)

    def lose_all(self) -> None:
        """Ends every subscription and says so to each."""
        for subscription in list(self.subscriptions):
            self._lose(subscription)

    def _lose(self, subscription: Subscription) -> None:
        subscription.close()
        try:
            subscription.lost()
        except Exception:
            _log.exception("a client couldn't be told that it must rejoin")

    async def reach(self, entry: EntryId) -> None:
        """Returns when the newest entry isn't older than ``entry``, or after :data:`REACH_SECONDS`."""
        try:
            async with asyncio.timeout(REACH_SECONDS):
                while not self._reached(entry):
                    await self._grown.wait()
        except TimeoutError:
            pass

    def _reached(self, entry: EntryId) -> bool:
        newest = self.memory.newest
        return self.loaded and (BEFORE_ALL if newest is None else newest.id) >= entry

    def _wake(self) -> None:
        self._grown.set()
        self._grown = asyncio.Event()

    def subscribe(
        self, *, owner: str | None, deliver: Callable[[Sequence[Update]], None], lost: Callable[[], None]
    ) -> Subscription:
        """See :meth:`EventTail.subscribe`."""
        subscription = Subscription(self, owner=owner, deliver=deliver, lost=lost)
        self.subscriptions.add(subscription)
        return subscription

    def listen(self, subscription: Subscription, audience: Audience) -> None:
        """From now on ``subscription`` hears of ``audience``."""
        self._listening.setdefault(audience, set()).add(subscription)

    def unlisten(self, subscription: Subscription, audience: Audience) -> None:
        """The opposite of :meth:`listen`."""
        listeners = self._listening.get(audience)
        if listeners is not None:
            listeners.discard(subscription)
            if not listeners:
                del self._listening[audience]
