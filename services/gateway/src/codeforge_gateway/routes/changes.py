"""What people decide about a job: cancelled, run again."""

from __future__ import annotations

import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from codeforge_common.job import JobRecord, RetryReason
from codeforge_common.secrets import redact
from codeforge_common.telemetry.tracing import traceparent
from codeforge_gateway import openapi
from codeforge_gateway.answers import Done
from codeforge_gateway.errors import InvalidRequest
from codeforge_gateway.idempotency import key_of
from codeforge_gateway.json_body import read_optional_json
from codeforge_gateway.parts import Parts, caller_of, parts_of
from codeforge_gateway.plain_route import PlainRoute
from codeforge_gateway.routes.job_id import PARAMETER, job_id_of
from codeforge_gateway.schemas import CANCEL_SCHEMA, REASON, RETRY_SCHEMA, STEP
from codeforge_gateway.sealing import fresh_secrets
from codeforge_gateway.settings import GatewaySettings
from codeforge_gateway.submit import canonical
from codeforge_gateway.validation import Validator, faults
from codeforge_gateway.views import answer


async def cancel_job(request: Request) -> Response:
    """Cancels a job: at once where nobody runs it, else as soon as its handler has stopped."""
    parts = parts_of(request)
    caller = caller_of(request)
    job_id = job_id_of(request)
    asked = await _asked(request, parts.bodies.cancel, also="reason")
    reason: str | None = asked["reason"]
    changed = await parts.store.cancel(job_id, caller=caller.user_id, reason=reason and redact(reason))
    parts.metrics.count_ended(changed.ended)
    parts.bell.ring(changed.rings, traceparent=traceparent())
    done: Done = {"success": True, "message": "Job cancelled successfully"}
    return answer(done)


async def retry_job(request: Request) -> Response:
    """Runs a failed or cancelled job again. The body may bring new secrets in place of all that it had."""
    parts = parts_of(request)
    caller = caller_of(request).user_id
    key = key_of(request)
    job_id = job_id_of(request)
    asked = await _asked(request, parts.bodies.retry, also="from")
    record = await parts.store.get(job_id, caller=caller)
    changed = await parts.store.retry(
        job_id,
        caller=caller,
        request_id=key or uuid.uuid4().hex,
        sealed=await _sealed(asked, record=record, parts=parts),
        step=asked["from"],
    )
    parts.bell.ring(changed.rings, traceparent=traceparent())
    if not changed.repeated:
        parts.metrics.job_retries.labels(type=record.type, reason=RetryReason.MANUAL).inc()
    done: Done = {"success": True, "message": "Job retry initiated"}
    return answer(done)


async def _asked(request: Request, validator: Validator, *, also: str) -> dict[str, Any]:
    """The body, where there is one, with its member ``also``, which may stand in the query instead. None: in neither.

    The member is one line: blanks and line breaks in a row become one blank, and none are left around it.
    """
    body = await read_optional_json(request)
    said = body.get(also, request.query_params.get(also))
    body[also] = " ".join(said.split()) or None if isinstance(said, str) else said
    if found := faults(validator, body):
        raise InvalidRequest(found)
    return body


async def _sealed(asked: dict[str, Any], *, record: JobRecord, parts: Parts) -> bytes | None:
    """The secrets that a retry brings; None where it brings none."""
    if not asked.get("githubContext") and not asked.get("context"):
        return None
    known = await parts.types.find(record.type)
    fields, context = known.type.secret_fields, record.data.get("context") or {}
    secrets = fresh_secrets(canonical(asked), fields, context=context)
    return parts.keyring.seal(secrets, job_id=record.id, user_id=record.user_id) if secrets else None


def routes(settings: GatewaySettings) -> list[BaseRoute]:
    """The changes."""
    problems = (
        *("unauthenticated", "job_not_found", "invalid_request", "invalid_json", "origin_not_allowed"),
        *("job_state_conflict", "request_timeout", "body_too_large", "unsupported_media_type"),
    )
    return [
        PlainRoute(
            "/api/jobs/{jobId}",
            cancel_job,
            methods=["DELETE"],
            response_model=Done,
            summary="Cancel a job",
            tags=["jobs"],
            responses=openapi.problems(*problems),
            openapi_extra=openapi.described(
                body=CANCEL_SCHEMA,
                required=False,
                parameters=[PARAMETER, openapi.query_parameter("reason", REASON)],
            ),
        ),
        PlainRoute(
            "/api/jobs/{jobId}/retry",
            retry_job,
            methods=["POST"],
            response_model=Done,
            summary="Run a job again",
            description="Finished steps aren't run again, unless `from` names the one to begin with.",
            tags=["jobs"],
            responses=openapi.problems(*problems, "secret_expired", "unknown_job_type", "unknown_step"),
            openapi_extra=openapi.described(
                body=RETRY_SCHEMA,
                required=False,
                parameters=[PARAMETER, openapi.query_parameter("from", STEP), openapi.IDEMPOTENCY_KEY],
            ),
        ),
    ]
