"""``GET /api/jobs/{jobId}/timeline``: where a job has been, and why."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from codeforge_gateway import openapi
from codeforge_gateway.answers import JobTimeline
from codeforge_gateway.parts import caller_of, parts_of
from codeforge_gateway.plain_route import PlainRoute
from codeforge_gateway.routes.job_id import PARAMETER, job_id_of
from codeforge_gateway.settings import GatewaySettings
from codeforge_gateway.views import answer, moment_of


async def get_timeline(request: Request) -> Response:
    """Every claim, hand-back, retry, cancel and crash of a job, each with its reason."""
    caller = caller_of(request).user_id
    job_id = job_id_of(request)
    timeline = await parts_of(request).store.timeline(job_id, caller=caller)
    body: JobTimeline = {
        "success": True,
        "jobId": job_id,
        "timeline": [moment_of(entry) for entry in timeline.entries],
        "dropped": timeline.dropped,
    }
    return answer(body)


def routes(settings: GatewaySettings) -> list[BaseRoute]:
    """The timeline."""
    return [
        PlainRoute(
            "/api/jobs/{jobId}/timeline",
            get_timeline,
            methods=["GET"],
            response_model=JobTimeline,
            summary="Explain where a job is",
            description=f"Oldest first, the newest {settings.job_timeline_max} moments.",
            tags=["jobs"],
            responses=openapi.problems("unauthenticated", "job_not_found"),
            openapi_extra=openapi.described(parameters=[PARAMETER]),
        )
    ]
