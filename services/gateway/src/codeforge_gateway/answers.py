"""The shapes of what is answered (contract, section 1), as the routes build them and the API document shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired

# pydantic reads the TypedDict of typing only from Python 3.12 on.
from typing_extensions import TypedDict

from codeforge_common.job import Status
from codeforge_common.store import Moment as Event


class Data(TypedDict):
    """What was asked for, without its secrets."""

    userId: str
    sessionId: str
    userMessage: str
    agentType: str | None
    context: Mapping[str, Any]


class Job(TypedDict):
    """A job. Times are ISO-8601 in UTC. ``failedReason`` begins with the error's code where it has one.

    ``runAt``: when a delayed job may begin, null otherwise. ``steps``: the finished ones, in order. ``position``: its
    place among its user's waiting jobs of the type, from 1, and ``ahead``: about how many jobs of all users come first;
    null unless one waiting job was asked for.
    """

    id: str
    type: str
    status: Status
    title: str
    data: Data
    result: Any
    progress: int
    stage: str | None
    logs: Sequence[str]
    createdAt: str
    startedAt: str | None
    completedAt: str | None
    updatedAt: str
    failedReason: str | None
    attemptsMade: int
    attemptsMax: int
    crashes: int
    cancelRequested: bool
    seq: int
    runAt: str | None
    priority: int
    steps: Sequence[str]
    position: int | None
    ahead: int | None


class Submitted(TypedDict):
    """An accepted submit."""

    success: Literal[True]
    jobId: str
    status: Literal["queued"]
    message: str


class Finished(TypedDict):
    """A job that ended while the answer was held (``Prefer: wait``)."""

    success: Literal[True]
    jobId: str
    status: Status
    job: Job


class Found(TypedDict):
    """One job."""

    success: Literal[True]
    job: Job
    jobId: NotRequired[str]
    status: NotRequired[Status]


class JobsPage(TypedDict):
    """A page of jobs, newest first. ``cursor`` is the event log's position, for ``since``."""

    success: Literal[True]
    jobs: Sequence[Job]
    count: int
    nextCursor: str | None
    cursor: str


class Done(TypedDict):
    """A change that was made."""

    success: Literal[True]
    message: str


class Moment(TypedDict):
    """One moment of a job's way. ``worker``, ``token`` and ``attempt`` name the run, ``by`` who asked for the change,
    ``dueAt`` when the next attempt may begin. What doesn't apply isn't there.
    """

    at: str
    event: Event
    reason: NotRequired[str]
    by: NotRequired[str]
    worker: NotRequired[str]
    token: NotRequired[int]
    attempt: NotRequired[int]
    dueAt: NotRequired[str]


class JobTimeline(TypedDict):
    """A job's way, oldest moment first. ``dropped``: how many of the oldest were let go."""

    success: Literal[True]
    jobId: str
    timeline: Sequence[Moment]
    dropped: int


# `from` is no name in Python.
JobOutput = TypedDict(
    "JobOutput",
    {"success": Literal[True], "jobId": str, "output": str, "from": int, "next": int, "complete": bool},
)
"""A part of a job's output. ``from`` and ``next``: where it begins and where the next one does, in bytes of UTF-8.
``complete``: the job is at rest, and nothing comes after this part.
"""


class Counts(TypedDict):
    """Jobs that are kept, by state. ``total`` is the sum."""

    waiting: int
    active: int
    completed: int
    failed: int
    delayed: int
    total: int


class QueueStats(TypedDict):
    """The queue's numbers."""

    success: Literal[True]
    stats: Counts


class ChatData(TypedDict):
    """What the chat says. With a job, its id and state.

    ``suggestBackground``: the message is work that should be sent to the background. ``truncated``: the answer was cut.
    """

    jobId: NotRequired[str]
    status: NotRequired[Literal["queued"]]
    backgroundMode: bool
    message: str
    suggestBackground: NotRequired[Literal[True]]
    truncated: NotRequired[Literal[True]]


class ChatAnswer(TypedDict):
    """The chat's answer."""

    success: Literal[True]
    data: ChatData


class ChatMessage(TypedDict):
    """A message that is kept. ``jobId``: the job that it became or tells of. ``truncated``: it was longer."""

    role: Literal["user", "assistant"]
    content: str
    at: str
    jobId: NotRequired[str]
    truncated: NotRequired[Literal[True]]


class ChatHistoryData(TypedDict):
    """What is kept of a conversation, oldest first."""

    generationId: str
    messages: Sequence[ChatMessage]


class ChatHistory(TypedDict):
    """A conversation."""

    success: Literal[True]
    data: ChatHistoryData


class FaultDocument(TypedDict):
    """One thing that is wrong with a request. What was sent is never repeated."""

    path: str
    message: str


class Problem(TypedDict):
    """An RFC 9457 problem, with ``success`` and ``error`` for clients that read those."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    success: Literal[False]
    error: str
    code: str
    traceId: str | None
    errors: NotRequired[Sequence[FaultDocument]]
    jobId: NotRequired[str]
    types: NotRequired[Sequence[str]]
    steps: NotRequired[Sequence[str]]
