"""What goes into the store's scripts and what comes out: frozen values, no I/O.

Times are milliseconds since 1970, durations milliseconds, unless a name says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from codeforge_common.job import JobRecord, Status

type_name = str
"""A job type, e.g. ``agent_task``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits that the scripts keep (contract, section 3). 0 switches a rate or a cap off.

    ``event_log_max_bytes``: None takes a size that suits the server's memory.
    """

    rate_per_minute: int = 120
    rate_burst: int = 60
    user_max_running: int = 10
    user_max_waiting: int = 1000
    max_crashes: int = 3
    lease_ms: int = 10_000
    retention_completed_ms: int = 24 * 3600 * 1000
    retention_completed_count: int = 1000
    retention_failed_ms: int = 7 * 24 * 3600 * 1000
    secrets_retry_ms: int = 3600 * 1000
    log_max_lines: int = 1000
    log_max_bytes: int = 256 * 1024
    event_log_max_bytes: int | None = None
    event_log_max_ms: int = 24 * 3600 * 1000


# ── submit ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Idempotency:
    """A client's ``Idempotency-Key``. ``digest`` is of the body without its secrets; ``route`` of the submit route."""

    key: str
    route: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A job to be created. ``context`` holds no secret any more; ``sealed`` is what :mod:`secrets` made of them.

    ``type_digest`` is the digest of the announcement that the body was validated and sealed with.
    """

    job_id: str
    type: str
    type_digest: str
    user_id: str
    session_id: str
    user_message: str
    agent_type: str | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    sealed: bytes | None = None
    traceparent: str | None = None
    delay_ms: int = 0
    attempts_max: int = 3
    idempotency: Idempotency | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Where a user stands with the submit limit; ``reset_ms`` until one more may come. For ``RateLimit`` headers."""

    remaining: int
    reset_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Answer of a submit. ``job_id`` is the earlier job's where an idempotency key came again (``repeated``)."""

    job_id: str
    repeated: bool
    ring: bool
    rate: Rate | None


# ── worker ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run has to tell between its start and its end, gathered.

    ``number`` is the producer number: it grows by one with each report of a run, from 1; the same again appends
    nothing. ``lines`` are finished log lines (:func:`codeforge_common.events.log_line`).
    """

    job_id: str
    token: int
    number: int
    progress: int | None = None
    stage: str | None = None
    lines: Sequence[str] = ()


class OutcomeKind(StrEnum):
    """How a run ended, as the worker sees it."""

    COMPLETED = "completed"
    FAILED = "failed"
    RETRY = "retry"
    CANCELLED = "cancelled"
    HANDED_BACK = "handed_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The end of a run. ``result`` is JSON text; ``abridged`` the short form of a long one (contract, section 2).

    ``reason`` stands in ``failedReason`` after a failure (and is kept while a retry waits). ``reports`` are those
    still unanswered or unsent, in order; the script takes each at most once. A retry beyond ``attempts_max`` fails.
    """

    job_id: str
    token: int
    kind: OutcomeKind
    result: str | None = None
    abridged: str | None = None
    reason: str | None = None
    delay_ms: int = 0
    reports: Sequence[Report] = ()


class Verdict(StrEnum):
    """What the store says of a worker's claim to a job."""

    HELD = "held"
    """The lease stands; an outcome or report was taken."""
    CANCELLED = "cancelled"
    """The lease stands and the job is marked for cancellation."""
    DONE = "done"
    """This very run has ended already: the outcome was taken before."""
    FENCED = "fenced"
    """Another holds the job or it moved on: stop, nothing is taken."""
    GONE = "gone"
    """The store doesn't know the job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A job type as a worker serves it: its name and the lease that its runs get."""

    type: str
    lease_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One claimed job. ``attempt`` counts this one in (1 at first); ``waited_ms`` since it became ready."""

    job_id: str
    type: str
    token: int
    lease_ms: int
    user_id: str
    session_id: str
    data: Mapping[str, Any]
    sealed: bytes | None
    traceparent: str | None
    attempt: int
    attempts_max: int
    crashes: int
    created_at: int
    waited_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of one outcome: the verdict, and the state that the job is in now (None if gone or fenced)."""

    job_id: str
    verdict: Verdict
    status: Status | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Answer of :meth:`Store.claim`: one :class:`Settled` for each outcome sent, and the runs that fill the slots.

    ``rings``: for each job type, how many rings the caller has to send.
    """

    settled: Sequence[Settled]
    runs: Sequence[Run]
    rings: Mapping[type_name, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A lease that a worker believes to hold."""

    job_id: str
    token: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """Answer of :meth:`Store.renew`: a verdict for each lease sent, in order.

    ``announce``: the store doesn't know the worker's job types (it was emptied, say): announce them again.
    ``seen``: the highest number of the worker's claims that the store knows; one below the last answered means that
    the store went back in time.
    """

    verdicts: Sequence[Verdict]
    announce: bool
    seen: int


# ── people ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """Answer of a cancel or a retry: the state afterwards and the rings to send."""

    status: Status
    cancel_requested: bool
    rings: Mapping[type_name, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of a user's jobs, newest first. ``cursor`` is the event log's position, read in the same script.

    ``next_cursor`` is None on the last page; a page may hold fewer jobs than asked for and still have a next one.
    """

    jobs: Sequence[JobRecord]
    next_cursor: str | None
    cursor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeState:
    """Numbers of one job type, kept by the scripts: jobs by state, the age of the oldest waiting one, live workers."""

    type: str
    counts: Mapping[Status, int]
    oldest_waiting_ms: int
    workers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterState:
    """The whole installation at a glance, read in O(types)."""

    types: Sequence[TypeState]
    workers_alive: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerState:
    """The server's own limits and how near they are. Bytes; ``memory_max`` 0: unlimited. Connections of everybody."""

    memory: int
    memory_max: int
    connections: int
    connections_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReapRound:
    """What one round did. ``more``: it used its bound, call again at once. ``skipped``: another process was first."""

    skipped: bool
    more: bool
    promoted: int
    crashed: Mapping[type_name, int]
    removed: int
    rings: Mapping[type_name, int]
