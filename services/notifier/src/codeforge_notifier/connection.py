"""One connected client: who it is, what it listens to, how it is written to."""

from __future__ import annotations

from collections.abc import Callable

from codeforge_common.errors import CodeForgeError
from codeforge_common.event_log import Audience, AudienceKind, EventTail, Joined
from codeforge_common.identity import Principal
from codeforge_common.telemetry.metrics import Metrics, ReplayResult
from codeforge_notifier.expiry import Expiry
from codeforge_notifier.relay import Relay
from codeforge_notifier.rooms import Request


class TooManyRooms(CodeForgeError):
    """Raised when a socket that is in as many rooms as allowed asks for another one."""

    code = "too_many_rooms"


class Connection:
    """A socket after its handshake. Its rooms are audiences of one subscription to the event log."""

    def __init__(
        self,
        *,
        principal: Principal,
        tail: EventTail,
        relay: Relay,
        metrics: Metrics,
        max_rooms: int,
        lost: Callable[[], None],
        expired: Callable[[], None],
    ) -> None:
        """``lost``, and ``expired`` once the token has run out, must end the connection: the client comes back."""
        self.principal = principal
        self.relay = relay
        self._metrics = metrics
        self._max_rooms = max_rooms
        self._rooms: set[Audience] = set()
        self._subscription = tail.subscribe(owner=principal.user_id, deliver=relay.deliver, lost=lost)
        at = principal.expires_at
        self._expiry = None if at is None else Expiry(at, expired=expired)

    def name(self, principal: Principal) -> None:
        """Says who a client is that named nobody until now."""
        self.principal = principal
        self._subscription.owner = principal.user_id

    async def join(self, request: Request) -> Joined:
        """Enters a room, or replays one that it is in. Raises TooManyRooms."""
        if request.room not in self._rooms and len(self._rooms) >= self._max_rooms:
            raise TooManyRooms(f"A socket may be in {self._max_rooms} rooms: leave one first.")
        self._rooms.add(request.room)
        joined = await self._subscription.join(request.room, since=request.since)
        if request.since is not None:
            result = ReplayResult.RESET if joined.reset else ReplayResult.REPLAYED
            self._metrics.replays.labels(result=result).inc()
        return joined

    def leave(self, room: Audience) -> None:
        """Leaves a room; no matter if it isn't in it."""
        self._rooms.discard(room)
        self._subscription.leave(room)

    def close(self) -> None:
        """Hears and says nothing any more."""
        if self._expiry is not None:
            self._expiry.cancel()
        self._subscription.close()
        self.relay.close()


def named_by(request: Request, principal: Principal) -> Principal:
    """The client once it has asked for a room: its own user room says who it is. Raises UserMismatch for another's."""
    return principal.acting_as(request.room.id if request.room.kind is AudienceKind.USER else None)
