"""Jobs: looked up, one or many."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from fastapi.routing import APIRoute
from pydantic import BeforeValidator, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from codeforge_common.errors import InvalidCursor
from codeforge_common.identity import is_user_id
from codeforge_common.job import Status
from codeforge_gateway import openapi, waiting
from codeforge_gateway.answers import Found, JobsPage
from codeforge_gateway.errors import Fault, InvalidRequest
from codeforge_gateway.parts import caller_of, parts_of
from codeforge_gateway.plain_route import PlainRoute
from codeforge_gateway.routes.job_id import PARAMETER, job_id_of
from codeforge_gateway.routes.submit import type_name
from codeforge_gateway.schemas import ID_LENGTH
from codeforge_gateway.settings import GatewaySettings
from codeforge_gateway.views import answer, finished, job_of

DEFAULT_PAGE = 50
MAX_PAGE = 200
"""Jobs on a page (contract, section 1: 50 by default)."""

_PageSize = Annotated[int, Field(ge=1, le=MAX_PAGE)]
_Word = Annotated[str, Field(max_length=ID_LENGTH)]
_Blank = BeforeValidator(lambda value: None if value == "" else value)
"""``?status=`` is as good as no ``status``: clients send what their forms hold."""


async def get_job(request: Request) -> Response:
    """One job, whole; with ``Prefer: wait`` once it has ended."""
    parts = parts_of(request)
    caller = caller_of(request).user_id
    job_id = job_id_of(request)
    seconds = waiting.wanted_seconds(request, most=parts.settings.prefer_wait_max_seconds)
    if not seconds:
        record = await parts.store.get(job_id, caller=caller)
        return answer({"success": True, "job": job_of(record)})
    record = await waiting.until_ended(
        job_id, caller=caller, seconds=seconds, request=request, store=parts.store, tail=parts.tail
    )
    body = finished(record) if record.status.terminal else {"success": True, "job": job_of(record)}
    return answer(body, headers=waiting.applied(seconds))


async def list_jobs(
    request: Request,
    user_id: Annotated[str, Path(alias="userId")],
    limit: Annotated[_PageSize | None, _Blank, Query()] = None,
    cursor: Annotated[_Word | None, _Blank, Query()] = None,
    status: Annotated[Status | None, _Blank, Query()] = None,
    type: Annotated[_Word | None, _Blank, Query()] = None,
    session_id: Annotated[_Word | None, _Blank, Query(alias="sessionId")] = None,
) -> Response:
    """A user's jobs, newest first, long results abridged."""
    parts = parts_of(request)
    caller = caller_of(request)
    if not is_user_id(user_id):
        raise InvalidRequest([Fault("userId", f"should have 1 to {ID_LENGTH} characters, none of them a control")])
    caller.acting_as(user_id)
    try:
        page = await parts.store.page(
            user_id,
            limit=limit or DEFAULT_PAGE,
            cursor=cursor,
            status=status,
            type=type and type_name(type),
            session_id=session_id,
        )
    except InvalidCursor:
        raise InvalidRequest([Fault("cursor", "should be a `nextCursor` of this list")]) from None
    body: JobsPage = {
        "success": True,
        "jobs": [job_of(record) for record in page.jobs],
        "count": len(page.jobs),
        "nextCursor": page.next_cursor,
        "cursor": page.cursor,
    }
    return answer(body)


def routes(settings: GatewaySettings) -> list[BaseRoute]:
    """The jobs. Mind the order: ``user`` is not a job id."""
    return [
        APIRoute(
            "/api/jobs/user/{userId:path}",
            list_jobs,
            methods=["GET"],
            response_model=JobsPage,
            summary="List a user's jobs",
            tags=["jobs"],
            responses=openapi.problems("unauthenticated", "user_mismatch", "invalid_request"),
        ),
        PlainRoute(
            "/api/jobs/{jobId}",
            get_job,
            methods=["GET"],
            response_model=Found,
            summary="Get a job",
            tags=["jobs"],
            responses=openapi.problems("unauthenticated", "job_not_found"),
            openapi_extra=openapi.described(parameters=[PARAMETER, openapi.PREFER]),
        ),
    ]
