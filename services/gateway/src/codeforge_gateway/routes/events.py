"""Server-Sent Events: one job followed, or all of the caller's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Header, Path, Query
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from codeforge_common.event_log import Audience, AudienceKind
from codeforge_common.events import JobUpdate
from codeforge_common.identity import Principal
from codeforge_common.job import JobRecord
from codeforge_gateway import openapi
from codeforge_gateway.errors import MISSING, Fault, InvalidRequest
from codeforge_gateway.event_stream import EventStream, State, frames
from codeforge_gateway.parts import caller_of, parts_of
from codeforge_gateway.routes.job_id import check_job_id
from codeforge_gateway.settings import GatewaySettings

NEWEST_OTHERS = 20
"""Finished jobs that a stream of all begins with, besides every unfinished one (contract, section 1)."""

PROBLEMS = ("unauthenticated", "invalid_request", "too_many_streams")
"""How a stream may fail to begin."""

Since = Annotated[str | None, Query(max_length=200, description="A cursor: replays what came after it.")]
LastEventId = Annotated[
    str | None, Header(alias="Last-Event-ID", max_length=200, description="As `since`, and goes before it.")
]


async def job_events(
    request: Request,
    job_id: Annotated[str, Path(alias="jobId")],
    since: Since = None,
    last_event_id: LastEventId = None,
) -> Response:
    """The updates of one job."""
    store = parts_of(request).store
    principal = caller_of(request)
    # Before the stream begins, so that an unknown job is a plain 404.
    await store.get(check_job_id(job_id), caller=principal.user_id)

    async def state() -> Sequence[JobRecord]:
        return [await store.get(job_id, caller=principal.user_id, whole=False)]

    audience = Audience(AudienceKind.JOB, job_id)
    return _followed(request, principal, audience=audience, since=last_event_id or since, state=state)


async def all_events(request: Request, since: Since = None, last_event_id: LastEventId = None) -> Response:
    """The updates of all the caller's jobs."""
    store = parts_of(request).store
    principal = caller_of(request)
    caller = principal.user_id
    if caller is None:
        raise InvalidRequest([Fault("userId", MISSING)], "Say whose jobs: send X-User-Id or ?userId=.")

    async def state() -> Sequence[JobRecord]:
        return (await store.unfinished(caller, newest=NEWEST_OTHERS)).jobs

    audience = Audience(AudienceKind.USER, caller)
    return _followed(request, principal, audience=audience, since=last_event_id or since, state=state)


def _followed(
    request: Request, principal: Principal, *, audience: Audience, since: str | None, state: State
) -> EventStream:
    parts = parts_of(request)
    return EventStream(
        frames(
            tail=parts.tail,
            owner=principal.user_id,
            audience=audience,
            since=since or None,
            state=state,
            expires_at=principal.expires_at,
        ),
        place=parts.streams.one_more(principal.user_id),
    )


def routes(settings: GatewaySettings) -> list[BaseRoute]:
    """The streams."""
    return [
        APIRoute(
            "/api/jobs/{jobId}/events",
            job_events,
            methods=["GET"],
            response_class=StreamingResponse,
            summary="Follow a job",
            tags=["events"],
            responses=_stream() | openapi.problems("job_not_found", *PROBLEMS),
        ),
        APIRoute(
            "/api/events",
            all_events,
            methods=["GET"],
            response_class=StreamingResponse,
            summary="Follow all of one's jobs",
            tags=["events"],
            responses=_stream() | openapi.problems(*PROBLEMS),
        ),
    ]


def _stream() -> dict[int | str, dict[str, Any]]:
    shape = TypeAdapter(JobUpdate).json_schema()
    return {
        200: {
            "description": "`event: job:update` with the job's whole state; `event: reset` where a cursor is too old.",
            "content": {"text/event-stream": {"schema": {"type": "string", "contentSchema": shape}}},
        }
    }
