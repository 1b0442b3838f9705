"""``GET /api/jobs/stats/queue``: how much work there is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from codeforge_common.job import Status
from codeforge_common.store import TypeState
from codeforge_gateway import openapi
from codeforge_gateway.answers import Counts, QueueStats
from codeforge_gateway.parts import caller_of, parts_of
from codeforge_gateway.routes.submit import type_name
from codeforge_gateway.settings import GatewaySettings
from codeforge_gateway.views import answer

COUNTED = (Status.WAITING, Status.ACTIVE, Status.COMPLETED, Status.FAILED, Status.DELAYED)
"""The states that are shown and make the total (contract, section 1)."""


async def queue_stats(request: Request, type: Annotated[str | None, Query(max_length=100)] = None) -> Response:
    """The jobs that are kept, by state: of one type, or of all together."""
    parts = parts_of(request)
    caller_of(request)
    if type:
        await parts.types.find(type_name(type))
    state = await parts.store.cluster()
    wanted = [one for one in state.types if not type or one.type == type_name(type)]
    body: QueueStats = {"success": True, "stats": counts(wanted)}
    return answer(body)


def counts(types: Sequence[TypeState]) -> Counts:
    """The sum over ``types``."""

    def of(*states: Status) -> int:
        return sum(type.counts.get(state, 0) for type in types for state in states)

    return {
        "waiting": of(Status.WAITING),
        "active": of(Status.ACTIVE),
        "completed": of(Status.COMPLETED),
        "failed": of(Status.FAILED),
        "delayed": of(Status.DELAYED),
        "total": of(*COUNTED),
    }


def routes(settings: GatewaySettings) -> list[BaseRoute]:
    """The queue's numbers."""
    return [
        APIRoute(
            "/api/jobs/stats/queue",
            queue_stats,
            methods=["GET"],
            response_model=QueueStats,
            summary="Count the jobs",
            tags=["jobs"],
            responses=openapi.problems("unauthenticated", "invalid_request", "unknown_job_type"),
        )
    ]
