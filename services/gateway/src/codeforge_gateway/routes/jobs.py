"""Jobs: looked up, listed, cancelled, run again."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Path, Query
from fastapi.routing import APIRoute
from pydantic import BeforeValidator, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from codeforge_common.errors import InvalidCursor, JobNotFound
from codeforge_common.identity import is_user_id
from codeforge_common.job import Status
from codeforge_common.secrets import redact
from codeforge_common.telemetry.metrics import RetryReason
from codeforge_common.telemetry.tracing import traceparent
from codeforge_gateway import openapi, waiting
from codeforge_gateway.answers import Done, Found, JobsPage
from codeforge_gateway.errors import Fault, InvalidRequest
from codeforge_gateway.idempotency import key_of
from codeforge_gateway.json_body import read_optional_json
from codeforge_gateway.parts import caller_of, parts_of
from codeforge_gateway.plain_route import PlainRoute
from codeforge_gateway.routes.submit import type_name
from codeforge_gateway.schemas import CANCEL_SCHEMA, ID_LENGTH, RETRY_SCHEMA
from codeforge_gateway.sealing import fresh_secrets
from codeforge_gateway.settings import GatewaySettings
from codeforge_gateway.submit import canonical
from codeforge_gateway.validation import Validator, faults
from codeforge_gateway.views import answer, finished, job_of

DEFAULT_PAGE = 50
MAX_PAGE = 200
"""Jobs on a page (contract, section 1: 50 by default)."""

_JOB_ID = re.compile(r"job_[0-9a-z]{27}")

_PageSize = Annotated[int, Field(ge=1, le=MAX_PAGE)]
_Word = Annotated[str, Field(max_length=ID_LENGTH)]
_Blank = BeforeValidator(lambda value: None if value == "" else value)
"""``?status=`` is as good as no ``status``: clients send what their forms hold."""

JOB_ID = openapi.path_parameter("jobId", "The job's id.")


def check_job_id(job_id: str) -> str:
    """``job_id``, if it can be one; what can't isn't looked for. Raises JobNotFound."""
    if not _JOB_ID.fullmatch(job_id):
        raise JobNotFound("There is no such job.")
    return job_id


async def get_job(request: Request) -> Response:
    """One job, whole; with ``Prefer: wait`` once it has ended."""
    parts = parts_of(request)
    caller = caller_of(request).user_id
    job_id = check_job_id(request.path_params["jobId"])
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


async def cancel_job(request: Request) -> Response:
    """Cancels a job: at once where nobody runs it, else as soon as its handler has stopped."""
    parts = parts_of(request)
    caller = caller_of(request)
    body = await _optional_body(request, parts.bodies.cancel)
    reason: str | None = body.get("reason")
    changed = await parts.store.cancel(
        check_job_id(request.path_params["jobId"]), caller=caller.user_id, reason=redact(reason) if reason else None
    )
    parts.bell.ring(changed.rings, traceparent=traceparent())
    done: Done = {"success": True, "message": "Job cancelled successfully"}
    return answer(done)


async def retry_job(request: Request) -> Response:
    """Runs a failed or cancelled job again. The body may bring new secrets in place of all that it had."""
    parts = parts_of(request)
    caller = caller_of(request).user_id
    key = key_of(request)
    job_id = check_job_id(request.path_params["jobId"])
    body = await _optional_body(request, parts.bodies.retry)
    record = await parts.store.get(job_id, caller=caller)
    secrets: Mapping[str, str] = {}
    if body:
        known = await parts.types.find(record.type)
        secrets = fresh_secrets(canonical(body), known.type.secret_fields, context=record.data.get("context") or {})
    changed = await parts.store.retry(
        job_id,
        caller=caller,
        request_id=key or uuid.uuid4().hex,
        sealed=parts.keyring.seal(secrets, job_id=job_id, user_id=record.user_id) if secrets else None,
    )
    parts.bell.ring(changed.rings, traceparent=traceparent())
    parts.metrics.job_retries.labels(type=record.type, reason=RetryReason.MANUAL).inc()
    done: Done = {"success": True, "message": "Job retry initiated"}
    return answer(done)


async def _optional_body(request: Request, validator: Validator) -> dict[str, Any]:
    body = await read_optional_json(request, max_bytes=parts_of(request).settings.max_body_bytes)
    if found := faults(validator, body):
        raise InvalidRequest(found)
    return body


def routes(settings: GatewaySettings) -> list[BaseRoute]:
    """The jobs. Mind the order: ``user`` is not a job id."""
    reading = ("unauthenticated", "job_not_found")
    changing = (
        *(*reading, "invalid_request", "invalid_json", "origin_not_allowed", "job_state_conflict"),
        *("body_too_large", "unsupported_media_type"),
    )
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
            responses=openapi.problems(*reading),
            openapi_extra=openapi.described(parameters=[JOB_ID, openapi.PREFER]),
        ),
        PlainRoute(
            "/api/jobs/{jobId}",
            cancel_job,
            methods=["DELETE"],
            response_model=Done,
            summary="Cancel a job",
            tags=["jobs"],
            responses=openapi.problems(*changing),
            openapi_extra=openapi.described(body=CANCEL_SCHEMA, required=False, parameters=[JOB_ID]),
        ),
        PlainRoute(
            "/api/jobs/{jobId}/retry",
            retry_job,
            methods=["POST"],
            response_model=Done,
            summary="Run a job again",
            tags=["jobs"],
            responses=openapi.problems(*changing, "secret_expired", "unknown_job_type"),
            openapi_extra=openapi.described(
                body=RETRY_SCHEMA, required=False, parameters=[JOB_ID, openapi.IDEMPOTENCY_KEY]
            ),
        ),
    ]
