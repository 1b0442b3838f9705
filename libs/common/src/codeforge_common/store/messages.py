"""What goes into the store's scripts and what comes out: frozen values, no I/O. Those that every job has one of are
tuples, which are made several times as fast as frozen dataclasses.

Times are milliseconds since 1970, durations milliseconds, unless a name says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from codeforge_common.handler.ending import OutcomeKind
from codeforge_common.job import JobRecord, Status

type_name = str
"""A job type, e.g. ``agent_task``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits that the scripts keep (contract, section 3). 0 switches a rate or a cap off.

    ``event_log_max_bytes``: None takes a size that suits the server's memory. ``store_max_bytes``: the store's budget;
    0 takes the server's ``maxmemory``, or 512 MiB where that is unlimited.
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
    output_max_bytes: int = 1024 * 1024
    timeline_max: int = 200
    store_max_bytes: int = 0
    sweep_ms: int = 24 * 3600 * 1000
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

    ``type_digest`` is the digest of the announcement that the body was validated and sealed with. The job becomes
    claimable ``delay_ms`` from now, or at ``run_at`` (milliseconds since 1970), whichever is later. ``priority`` is its
    head start among its user's jobs of the type, in seconds: it stands where a job stands that came so much earlier.
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
    run_at: int | None = None
    priority: int = 0
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
    nothing. ``lines`` are finished log lines (:func:`codeforge_common.events.log_line`). ``output`` is appended to the
    job's output.
    """

    job_id: str
    token: int
    number: int
    progress: int | None = None
    stage: str | None = None
    lines: Sequence[str] = ()
    output: str = ""


class Outcome(NamedTuple):
    """The end of a run. ``result`` is JSON text; ``abridged`` the short form of a long one (contract, section 2).

    ``reason`` stands in ``failedReason`` after a failure (and is kept while a retry waits); of a hand-back it stands
    in the timeline. ``reports`` are those
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
    """A job type as a worker serves it: its name and the lease that its runs get.

    ``batch``: how many jobs of the type one slot takes together; where fewer are ready they may wait for others until
    the oldest has been ready for ``gather_ms``.
    """

    type: str
    lease_ms: int
    batch: int = 1
    gather_ms: int = 0


class Run(NamedTuple):
    """One claimed job. ``attempt`` counts this one in (1 at first); ``waited_ms`` since it became ready.

    ``steps``: the JSON text of each step that an earlier run has finished, by name, in the order in which they ended;
    of a private step the sealed result.
    ``output_bytes``: how much output earlier runs have left. ``data`` is empty where what is stored can't be read.
    """

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
    steps: Mapping[str, str | bytes] = MappingProxyType({})
    output_bytes: int = 0


class Settled(NamedTuple):
    """What became of one outcome: the verdict, and the state that the job is in now (None if gone or fenced)."""

    job_id: str
    verdict: Verdict
    status: Status | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Answer of :meth:`Store.claim`: one :class:`Settled` for each outcome sent, and the runs that fill the slots.

    ``rings``: for each job type, how many rings the caller has to send. The runs of a type with a batch size are the
    jobs of all its batches, in order; a batch is filled before the next begins. ``gathering_ms``: a batch isn't full
    yet, claim again after so long (None: nothing gathers). ``lost``: ids that stood in the queue and whose record is
    gone or can't be read; they are out of it now.
    """

    settled: Sequence[Settled]
    runs: Sequence[Run]
    rings: Mapping[type_name, int]
    gathering_ms: int | None = None
    lost: Sequence[str] = ()


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
    """Answer of a cancel or a retry: the state afterwards and the rings to send.

    ``ended``: what this very call brought to rest, by type and state. ``repeated``: the request had been heard before.
    """

    status: Status
    cancel_requested: bool
    rings: Mapping[type_name, int]
    ended: Mapping[type_name, Mapping[Status, int]] = field(default_factory=dict)
    repeated: bool = False


class Moment(StrEnum):
    """What may stand in a job's timeline; the only place where the words are spelled."""

    SUBMITTED = "submitted"
    DUE = "due"
    """A delayed job became claimable."""
    CLAIMED = "claimed"
    HANDED_BACK = "handed_back"
    CRASHED = "crashed"
    RETRY_SCHEDULED = "retry_scheduled"
    """The attempt failed, or asked for it; the next one follows."""
    RETRY_REQUESTED = "retry_requested"
    """By hand."""
    CANCEL_REQUESTED = "cancel_requested"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """One moment of a job's way. What doesn't apply is None.

    ``worker``, ``token`` and ``attempt`` name the run; ``by`` is the user who asked; ``due`` is when the next attempt
    may begin (milliseconds).
    """

    at: int
    event: Moment
    reason: str | None = None
    by: str | None = None
    worker: str | None = None
    token: int | None = None
    attempt: int | None = None
    due: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A job's way so far, oldest first. ``dropped``: how many of the oldest entries were let go for the cap."""

    entries: Sequence[TimelineEntry]
    dropped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A part of a job's output. ``offset``: where it begins, in bytes of UTF-8; ``end``: where the next one begins.

    ``complete``: the job is at rest and nothing comes after ``end``.
    """

    text: str
    offset: int
    end: int
    complete: bool


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
    """What one round did. ``more``: there is more to do, call again at once. ``skipped``: another process was first.

    ``sweep``: a sweep is due, and it is the caller's to do. ``ended``: jobs that came to rest with no word of their
    worker, by type and state.
    """

    skipped: bool
    more: bool
    promoted: int
    crashed: Mapping[type_name, int]
    ended: Mapping[type_name, Mapping[Status, int]]
    removed: int
    sweep: bool
    rings: Mapping[type_name, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a sweep found. ``orphans``: parts without a job, removed. ``mended``: jobs that an index didn't know."""

    orphans: int
    mended: int
    rings: Mapping[type_name, int]
