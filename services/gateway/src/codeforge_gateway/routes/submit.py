"""``POST /api/jobs/{type}``: background work is asked for."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from codeforge_common.errors import CodeForgeError
from codeforge_common.store import Accepted
from codeforge_gateway import openapi, waiting
from codeforge_gateway.answers import ChatAnswer, Finished, Submitted
from codeforge_gateway.idempotency import key_of
from codeforge_gateway.json_body import read_json
from codeforge_gateway.limits import policy_header, rate_header
from codeforge_gateway.parts import caller_of, parts_of
from codeforge_gateway.plain_route import PlainRoute
from codeforge_gateway.schemas import submit_schema
from codeforge_gateway.settings import GatewaySettings
from codeforge_gateway.submit import Order, submit
from codeforge_gateway.validation import faults
from codeforge_gateway.views import answer, finished

MESSAGE = "Task submitted to background queue"

PROBLEMS = (
    *("invalid_request", "invalid_json", "unauthenticated", "origin_not_allowed", "user_mismatch"),
    *("unknown_job_type", "request_timeout", "body_too_large", "unsupported_media_type", "idempotency_key_conflict"),
    *("rate_limited", "too_many_waiting", "store_full", "not_durable", "job_types_outdated"),
)
"""How a submit may fail."""


def type_name(word: str) -> str:
    """The job type that a path or a query means: dashes stand for underscores."""
    return word.replace("-", "_")


async def submit_job(request: Request) -> Response:
    """Accepts a job of the type in the path."""
    parts = parts_of(request)
    caller = caller_of(request)
    key = key_of(request)
    type = type_name(request.path_params["type"])
    body = await read_json(request)
    order = Order(
        type=type,
        caller=caller,
        body=body,
        faults=faults(parts.bodies.submit, body),
        key=key,
        route=f"jobs/{type}",
    )
    accepted = await submit(order, parts=parts)
    usual: Submitted = {"success": True, "jobId": accepted.job_id, "status": "queued", "message": MESSAGE}
    return await answer_submit(request, accepted, user_id=body["userId"], usual=usual)


async def answer_submit(
    request: Request, accepted: Accepted, *, user_id: str, usual: Submitted | ChatAnswer
) -> Response:
    """``usual`` with 202, or the finished job where the client was ready to wait for it."""
    parts = parts_of(request)
    headers = {"Location": f"/api/jobs/{accepted.job_id}"}
    headers |= policy_header(parts.settings) | rate_header(accepted.rate)
    seconds = waiting.wanted_seconds(request, most=parts.settings.prefer_wait_max_seconds)
    if seconds:
        headers |= waiting.applied(seconds)
        try:
            record = await waiting.until_ended(
                accepted.job_id, caller=user_id, seconds=seconds, request=request, store=parts.store, tail=parts.tail
            )
        except CodeForgeError:
            pass  # it is accepted all the same: a repeat may mean a job that is gone, and the store may be away
        else:
            if record.status.terminal:
                return answer(finished(record), headers=headers)
    return answer(usual, status=202, headers=headers)


def routes(settings: GatewaySettings) -> list[BaseRoute]:
    """The submit of any job type."""
    return [
        PlainRoute(
            "/api/jobs/{type}",
            submit_job,
            methods=["POST"],
            status_code=202,
            response_model=Submitted,
            summary="Submit a job",
            description="Job types are what workers have announced, e.g. `agent-task`; dashes stand for underscores.",
            tags=["jobs"],
            responses={200: {"model": Finished}, **openapi.problems(*PROBLEMS)},
            openapi_extra=openapi.described(
                body=submit_schema(settings),
                parameters=[
                    openapi.path_parameter("type", "The job type."),
                    openapi.IDEMPOTENCY_KEY,
                    openapi.PREFER,
                ],
            ),
        )
    ]
