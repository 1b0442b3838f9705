"""What may break."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

LEASE_SECONDS = 3
"""The shortest there is."""

STORE, BROKER = "store", "broker"
WORKERS = ("worker-1", "worker-2")
SERVICES = ("gateway", "notifier", *WORKERS)
BROKER_LINK = f"services→{BROKER}"
"""One for all, where the broker isn't the store."""


def store_link(service: str) -> str:
    """Each service has a proxy of its own between itself and the store."""
    return f"{service}→{STORE}"


class FaultKind(StrEnum):
    """The ways in which a target suffers."""

    KILL = "kill"
    """kill -9 of a service; it is started again after ``seconds``."""
    STOP = "stop"
    """SIGTERM to a service, and a new one when it has ended: a rolling restart."""
    NAP = "nap"
    """SIGSTOP and, ``seconds`` later, SIGCONT: sooner than a lease ends."""
    SLEEP = "sleep"
    """The same, later than a lease ends."""
    CUT = "cut"
    """Every connection of a link is aborted."""
    REFUSE = "refuse"
    """The same, and new ones are refused for ``seconds``."""
    SILENCE = "silence"
    """No byte passes a link for ``seconds``, and nobody is told."""
    DELAY = "delay"
    """Each piece of bytes is held up by ``amount`` seconds, for ``seconds``."""
    LOSE = "lose"
    """``amount`` requests pass a link, and their answers don't: they go with their connections."""
    CRASH = "crash"
    """kill -9 of the store's or the broker's server; it starts again after ``seconds``."""
    RESTART = "restart"
    """SIGTERM to the store's server; it starts again after ``seconds``."""
    RESTORE = "restore"
    """The store's files are copied; a second later its server stops and starts again from the copy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """``at``: seconds since the start of the load. ``amount``: see the kind. ``fsync``: the store's from then on."""

    at: float
    kind: FaultKind
    target: str
    seconds: float = 0.0
    amount: float = 0.0
    fsync: str = ""

    def __str__(self) -> str:
        details = [f"for {self.seconds:.1f} s"] if self.seconds else []
        details += [f"of {self.amount:g}"] if self.amount else []
        details += [f"then fsync {self.fsync}"] if self.fsync else []
        return " ".join([f"{self.at:6.1f} s  {self.kind:8} {self.target:16}", *details]).rstrip()
