"""The key families of a namespace, in one place; the scripts make each key by one helper from these words.

All keys of a namespace share one hash tag, ``{namespace}``, and so one slot of a Valkey Cluster. What a family holds
stands at the top of the Lua file that keeps it.
"""

from __future__ import annotations

EVENTS = "events"
LOG = "log"

FAMILIES = frozenset(
    {
        "announced",
        "chat",
        "chat_rate",
        "chats",
        "completed",
        "counts",
        "credit",
        "credits",
        "delayed",
        "digests",
        EVENTS,
        "finished",
        "idempotency",
        "job",
        "jobs",
        "leases",
        "load",
        LOG,
        "parked",
        "pressure",
        "rate",
        "ready",
        "reaped_at",
        "rotating",
        "rotation",
        "served_at",
        "serving",
        "swept_at",
        "types",
        "worker",
        "workers",
    }
)
"""The first word of every key below the prefix."""


def prefix(namespace: str) -> str:
    """What every key of ``namespace`` begins with."""
    return "{" + namespace + "}"


def key(namespace: str, family: str, *rest: str) -> str:
    """The name of a key, as the scripts make it: ``{namespace}:family:rest…``."""
    return ":".join((prefix(namespace), family, *rest))
