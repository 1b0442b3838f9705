"""The job model: states, transitions, ids, types and records. Pure: no I/O.

                 submit                    claim
    (nobody) ──────────▶ waiting ◀─────────────────────▶ active ──finish──▶ completed
        │ submit with       ▲  ▲      hand-back, crash    │ │ └──fail─────▶ failed
        │ a delay           │  └── promote ── delayed ◀───┘ └────cancel────▶ cancelled
        └───────────────────┼─────────────────▶ │ retry (automatic)             │
                            └─────────────── retry (by hand) ───────────────────┘

A waiting or delayed job is cancelled at once. A cancelled, completed or failed job is at rest: only a retry by hand
brings a failed or cancelled one back.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

TITLE_LENGTH = 200
"""Characters of the message that make a job's title (contract, section 1)."""

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = tuple(first + second for first in _CROCKFORD for second in _CROCKFORD)
_SHARD = "0"


class Status(StrEnum):
    """Where a job is. The words of the contract; the only place where they are spelled."""

    WAITING = "waiting"
    DELAYED = "delayed"
    ACTIVE = "active"
    WAITING_INPUT = "waiting_input"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        """Whether a job in this state is at rest."""
        return self in TERMINAL


class RetryReason(StrEnum):
    """Why a job gets another attempt: it failed, its handler asked, it took too long, or a person asked."""

    FAILURE = "failure"
    ASKED = "asked"
    WALL_TIME = "wall_time"
    MANUAL = "manual"


TERMINAL = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})

TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    Status.WAITING: frozenset({Status.ACTIVE, Status.CANCELLED}),
    Status.DELAYED: frozenset({Status.WAITING, Status.CANCELLED}),
    Status.ACTIVE: frozenset({Status.WAITING, Status.DELAYED, Status.COMPLETED, Status.FAILED, Status.CANCELLED}),
    Status.WAITING_INPUT: frozenset({Status.WAITING, Status.CANCELLED}),
    Status.COMPLETED: frozenset(),
    Status.FAILED: frozenset({Status.WAITING}),
    Status.CANCELLED: frozenset({Status.WAITING}),
}
"""Which state may follow which. The store's scripts do nothing else; a test drives them against this table."""


def can_follow(*, before: Status, after: Status) -> bool:
    """Whether a job may go from ``before`` to ``after`` in one step."""
    return after in TRANSITIONS[before]


_last_number = 0


def new_job_id() -> str:
    """A fresh job id: ``job_``, a shard character and a UUIDv7 in lower-case Crockford base32 (31 characters in all).

    The ids of one process grow (RFC 9562, sections 5.7 and 6.2: within a millisecond the last one is counted up), so
    that jobs of the same millisecond keep their order. The shard character leaves room to spread users over several
    namespaces without changing an id.
    """
    global _last_number
    number = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    number = number & ~(0xF << 76) | 0x7 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    _last_number = number = max(number, _last_number + 1)
    return f"job_{_SHARD}" + "".join([_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)])


def title_of(message: str) -> str:
    """The title that a job with this message gets: its first 200 characters."""
    return message[:TITLE_LENGTH]


_SECRET_FIELD = re.compile(r"context(?:\.(?!\d+(?:\.|$))[^.*\[\]]+)+")


def is_secret_field(path: str) -> bool:
    """Whether ``path`` may stand in ``secret_fields``: ``context.`` and names of members with dots between them.

    Anything else would seal nothing, and leave the secret in plain: a path from another place of the body, or one
    that counts or globs the items of a list. A list on the way stands for each of its items, and isn't named.
    """
    return _SECRET_FIELD.fullmatch(path) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobType:
    """What a worker announces of a job type that it can run.

    ``name``: snake_case, at most 64 characters, as clients submit it. ``context_schema``: JSON schema (2020-12) of
    ``context``. ``secret_fields``: dotted paths below the body whose values are sealed, e.g.
    ``context.githubContext.token``; see :func:`is_secret_field`. ``lease_seconds``: at least 3; None takes
    ``JOB_LEASE_SECONDS``. ``wall_time_seconds``: None is unlimited. ``attempts``: None takes ``JOB_ATTEMPTS``.
    ``batch``: how many of its jobs one call of the handler takes at most.
    """

    name: str
    context_schema: Mapping[str, Any] = field(default_factory=dict)
    secret_fields: Sequence[str] = ()
    lease_seconds: float | None = None
    wall_time_seconds: float | None = None
    attempts: int | None = None
    batch: int = 1

    def announcement(self) -> str:
        """This type as canonical JSON, as the store keeps it."""
        return json.dumps(
            {
                "name": self.name,
                "contextSchema": self.context_schema,
                "secretFields": list(self.secret_fields),
                "leaseSeconds": self.lease_seconds,
                "wallTimeSeconds": self.wall_time_seconds,
                "attempts": self.attempts,
                "batch": self.batch,
            },
            sort_keys=True,
            separators=(",", ":"),
        )

    @property
    def digest(self) -> str:
        """16 hex digits that change with any change of the announcement."""
        return hashlib.sha256(self.announcement().encode()).hexdigest()[:16]

    @classmethod
    def from_announcement(cls, text: str | bytes) -> JobType:
        """The inverse of :meth:`announcement`."""
        said = json.loads(text)
        return cls(
            name=said["name"],
            context_schema=said["contextSchema"],
            secret_fields=tuple(said["secretFields"]),
            lease_seconds=said["leaseSeconds"],
            wall_time_seconds=said["wallTimeSeconds"],
            attempts=said["attempts"],
            batch=said.get("batch", 1),
        )


GITHUB_TOKEN_FIELDS = ("githubContext.token", "context.githubContext.token")
"""Where a GitHub token may stand in a body; these are sealed for every type, announced or not."""

# Null means the same as left out: clients in JavaScript send it.
_AGENT_CONTEXT: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "repository": {"type": ["string", "null"], "minLength": 1, "maxLength": 2048},
        "branch": {"type": ["string", "null"], "minLength": 1, "maxLength": 255},
        "files": {"type": ["array", "null"], "items": {"type": "string", "maxLength": 4096}, "maxItems": 1000},
        "githubContext": {
            "type": ["object", "null"],
            "properties": {
                "token": {"type": ["string", "null"], "maxLength": 4096},
                "username": {"type": ["string", "null"], "maxLength": 255},
                "email": {"type": ["string", "null"], "maxLength": 320},
            },
        },
    },
}

BUILT_IN_TYPES: tuple[JobType, ...] = tuple(
    JobType(name=name, context_schema=_AGENT_CONTEXT, secret_fields=("context.githubContext.token",))
    for name in ("agent_task", "code_generation", "repo_analysis")
)
"""The types that every installation has; gateways announce them too, so that a submit works before any worker came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """A job as the store keeps it. Times are milliseconds since 1970 (UTC), None where it hasn't happened.

    ``data`` is ``{userId, sessionId, userMessage, agentType, context}`` without secrets. ``progress`` is 0..100.
    ``attempts_max`` attempts may fail; ``attempts_made`` counts failed attempts plus the running one.
    ``run_at``: when a delayed job becomes claimable. ``priority``: its head start in seconds. ``steps``: the names of
    its finished steps. ``position``: its place among its user's waiting jobs of the type, from 1, and ``ahead``: about
    how many jobs come first; both only where a single waiting job was asked for.
    """

    id: str
    type: str
    status: Status
    user_id: str
    session_id: str
    title: str
    data: Mapping[str, Any]
    result: Any = None
    progress: int = 0
    stage: str | None = None
    logs: Sequence[str] = ()
    created_at: int
    started_at: int | None = None
    completed_at: int | None = None
    updated_at: int
    failed_reason: str | None = None
    attempts_made: int = 0
    attempts_max: int = 3
    crashes: int = 0
    cancel_requested: bool = False
    seq: int = 0
    run_at: int | None = None
    priority: int = 0
    steps: Sequence[str] = ()
    position: int | None = None
    ahead: int | None = None
