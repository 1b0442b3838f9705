"""``GET /api/jobs/{jobId}/output``: the text that a job's handler writes for the person, in parts."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from codeforge_gateway import openapi
from codeforge_gateway.answers import JobOutput
from codeforge_gateway.errors import Fault, InvalidRequest
from codeforge_gateway.parts import caller_of, parts_of
from codeforge_gateway.plain_route import PlainRoute
from codeforge_gateway.routes.job_id import PARAMETER, job_id_of
from codeforge_gateway.schemas import Schema
from codeforge_gateway.settings import GatewaySettings
from codeforge_gateway.views import answer

LARGEST = 2**53 - 1
"""Largest ``from``: what every client's numbers hold exactly."""

FROM: Schema = {
    "type": "integer",
    "minimum": 0,
    "maximum": LARGEST,
    "default": 0,
    "description": "Where to begin, in bytes of UTF-8: the `next` of the part before.",
}
DESCRIPTION = (
    "At most 1 MiB at a time; go on with `next` until `complete`. `from` in the answer says where the text really "
    "begins: a place within a character moves to the next one, and one beyond the end to the end. A job that runs "
    "again writes anew what came after its last finished step, so that an end may come to lie before a `next`."
)

_NUMBER = re.compile(r"[0-9]{1,16}")


async def get_output(request: Request) -> Response:
    """A part of the output."""
    caller = caller_of(request).user_id
    job_id = job_id_of(request)
    offset = _offset(request.query_params.get("from") or "0")
    part = await parts_of(request).store.output(job_id, caller=caller, offset=offset)
    body: JobOutput = {
        "success": True,
        "jobId": job_id,
        "output": part.text,
        "from": part.offset,
        "next": part.end,
        "complete": part.complete,
    }
    return answer(body)


def _offset(text: str) -> int:
    if not _NUMBER.fullmatch(text) or int(text) > LARGEST:
        raise InvalidRequest([Fault("from", f"should be a whole number from 0 to {LARGEST}")])
    return int(text)


def routes(settings: GatewaySettings) -> list[BaseRoute]:
    """The output."""
    return [
        PlainRoute(
            "/api/jobs/{jobId}/output",
            get_output,
            methods=["GET"],
            response_model=JobOutput,
            summary="Read a job's output",
            description=DESCRIPTION,
            tags=["jobs"],
            responses=openapi.problems("unauthenticated", "job_not_found", "invalid_request"),
            openapi_extra=openapi.described(parameters=[PARAMETER, openapi.query_parameter("from", FROM)]),
        )
    ]
