"""All connected clients of this process, and how many each user has."""

from __future__ import annotations

from collections import Counter

from codeforge_common.errors import CodeForgeError
from codeforge_common.identity import Principal
from codeforge_common.telemetry.metrics import Metrics
from codeforge_notifier.connection import Connection


class TooManySockets(CodeForgeError):
    """Raised when a user who has as many sockets as allowed opens another one."""

    code = "too_many_sockets"


class Connections:
    """By Socket.IO sid. Clients that name nobody aren't counted: only development mode has them."""

    def __init__(self, *, metrics: Metrics, sockets_per_user: int) -> None:
        self._metrics = metrics
        self._sockets_per_user = sockets_per_user
        self._by_sid: dict[str, Connection] = {}
        self._of_user: Counter[str] = Counter()

    def __getitem__(self, sid: str) -> Connection:
        return self._by_sid[sid]

    def check_room_for(self, principal: Principal) -> None:
        """Raises TooManySockets when ``principal`` can't have one more."""
        if principal.user_id is not None and self._of_user[principal.user_id] >= self._sockets_per_user:
            raise TooManySockets(f"A user may have {self._sockets_per_user} sockets open: close one first.")

    def add(self, sid: str, connection: Connection) -> None:
        """Counts a new client."""
        self._by_sid[sid] = connection
        self._count(connection.principal, 1)

    def name(self, connection: Connection, principal: Principal) -> None:
        """Counts a client as ``principal`` from now on. Raises TooManySockets."""
        if principal != connection.principal:
            self.check_room_for(principal)
            self._count(connection.principal, -1)
            connection.name(principal)
            self._count(principal, 1)

    def remove(self, sid: str) -> Connection | None:
        """Forgets a client; None for one that isn't here."""
        connection = self._by_sid.pop(sid, None)
        if connection is not None:
            self._count(connection.principal, -1)
        return connection

    def _count(self, principal: Principal, change: int) -> None:
        self._metrics.sockets.set(len(self._by_sid))
        if principal.user_id is not None:
            self._of_user[principal.user_id] += change
            if not self._of_user[principal.user_id]:
                del self._of_user[principal.user_id]
