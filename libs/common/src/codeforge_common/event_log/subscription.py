"""What one socket or stream listens to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from codeforge_common.event_log.coverage import Coverage
from codeforge_common.event_log.cursor import Cursor, Position
from codeforge_common.event_log.update import Audience, Joined, Update

if TYPE_CHECKING:
    from codeforge_common.event_log.feed import Feed


class Subscription:
    """One predicate (owner and joined audiences), one order, no doubles. Made by :meth:`EventTail.subscribe`.

    ``owner`` may be set once a client that named nobody has said who it is.
    """

    def __init__(
        self,
        feed: Feed,
        *,
        owner: str | None,
        deliver: Callable[[Sequence[Update]], None],
        lost: Callable[[], None],
    ) -> None:
        self.owner = owner
        self.deliver = deliver
        self.lost = lost
        self._feed = feed
        self._joined: set[Audience] = set()
        self._given = Coverage()
        self._closed = False

    async def join(self, audience: Audience, *, since: str | None = None) -> Joined:
        """Replays what the audience missed after ``since`` through ``deliver``, then goes live, in one loop step.

        ``since`` is whatever the client says. On an audience that is joined already, the replay brings what this
        subscription wasn't given yet.
        """
        cursor = None if since is None else Cursor.parse(since)
        if cursor is not None:
            await self._feed.reach(cursor.entry)
        # From here on nothing is awaited: no update can come between the replay and the audience going live.
        memory = self._feed.memory
        start = None if cursor is None else memory.position(cursor)
        if not self._closed:
            missed = [] if start is None else self._missed(audience, start)
            self._joined.add(audience)
            self._given.open(audience, since=start or memory.end)
            self._feed.listen(self, audience)
            if missed:
                self.deliver(missed)
        return Joined(cursor=self._feed.cursor, reset=not self._feed.loaded or (since is not None and start is None))

    def _missed(self, audience: Audience, start: Position) -> list[Update]:
        return [
            placed.update
            for placed in self._feed.memory.after(audience, start)
            if self.wants(placed.update) and not self._given.includes(placed.position, placed.update.audiences)
        ]

    def wants(self, update: Update) -> bool:
        """Whether the update is this client's business at all; a client that names nobody counts as the owner."""
        return self.owner is None or self.owner == update.user_id

    def leave(self, audience: Audience) -> None:
        """Stops listening to ``audience``; what other joined audiences cover still comes."""
        if audience in self._joined:
            self._joined.remove(audience)
            self._feed.unlisten(self, audience)
            self._given.close(audience, newest=self._feed.memory.newest_of(audience))
            self._given.forget(before=self._feed.memory.begin)

    def close(self) -> None:
        """Ends the subscription; nothing is delivered afterwards."""
        self._closed = True
        for audience in self._joined:
            self._feed.unlisten(self, audience)
        self._joined.clear()
        self._feed.subscriptions.discard(self)
