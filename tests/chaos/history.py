"""All that a run has left for the checker to judge: plain values, whoever made them.

Moments are seconds of :func:`tests.chaos.journal.now`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from tests.chaos.journal import Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One update of the event log. ``entry`` is the id of its entry and ``n`` that entry's number; ``at`` its time.

    ``result_of``: the run whose result it shows.
    """

    entry: str
    n: int
    job: str
    seq: int
    at: float
    status: str
    attempt: int = 0
    crashes: int = 0
    started: str | None = None
    cancel_requested: bool = False
    stage: str | None = None
    result_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """The server got back older files. ``lost``: what it had appended since; ``back_at``: when it answered again."""

    copied_at: float
    stopped_at: float
    back_at: float
    lost: Sequence[Change]


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """A process between SIGSTOP and SIGCONT."""

    process: str
    stopped_at: float
    continued_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A submit with the idempotency key ``key`` was answered with a job; the rest is what was asked for.

    ``succeed_at``: the attempt that should pass. ``delay``: seconds before which it mustn't start.
    """

    key: str
    job: str
    type: str
    user: str
    succeed_at: int = 1
    delay: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """A cancel was answered with this HTTP status."""

    job: str
    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What a client that follows a user's jobs was sent: an update, or, without a ``job``, that it is to start anew."""

    watcher: str
    job: str = ""
    seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A job as the store keeps it at the end. ``log``: the texts of its lines without their time; ``output``: lines.

    ``tokens``: of its claims, in order, as its timeline has them; ``claims_forgotten``: there were too many to tell.
    """

    type: str
    user: str
    status: str
    seq: int
    attempts: int
    crashes: int
    error: str | None = None
    result_of: str | None = None
    log: Sequence[str] = ()
    output: Sequence[str] = ()
    tokens: Sequence[int] = ()
    claims_forgotten: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexes:
    """Every index and counter of the store at the end, by the key's name below the namespace.

    ``members``: of sets, lists, sorted sets and of hashes that hold jobs. ``numbers``: hashes of counters.
    """

    members: Mapping[str, Sequence[str]] = field(default_factory=dict)
    numbers: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    parts: Set[str] = frozenset()
    """Jobs of which some key is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One run. ``changes``: the event log at the end. ``missing``: what a mere restart has lost of it.

    ``most_running``: jobs that one user may run at once. ``seen``: what watchers were sent, in order. ``surprises``:
    whatever else should not have happened, as sentences.
    """

    answers: Sequence[Answer] = ()
    cancels: Sequence[Cancel] = ()
    lines: Sequence[Line] = ()
    changes: Sequence[Change] = ()
    missing: Sequence[Change] = ()
    restores: Sequence[Restore] = ()
    freezes: Sequence[Freeze] = ()
    seen: Sequence[Sight] = ()
    records: Mapping[str, Record] = field(default_factory=dict)
    indexes: Indexes = field(default_factory=Indexes)
    surprises: Sequence[str] = ()
    most_running: int = 10
