"""Probes and the meaning of problems, on the public port."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute

from codeforge_common.telemetry import probe
from codeforge_gateway import openapi
from codeforge_gateway.errors import PROBLEMS, NotFound
from codeforge_gateway.parts import parts_of
from codeforge_gateway.plain_route import PlainRoute
from codeforge_gateway.settings import GatewaySettings
from codeforge_gateway.views import answer


async def healthz(request: Request) -> Response:
    """Whether the process lives."""
    return _answer(probe.healthz())


async def readyz(request: Request) -> Response:
    """Whether it can do its work, check by check."""
    return _answer(probe.readyz(parts_of(request).readiness))


async def metrics(request: Request) -> Response:
    """Every metric, for Prometheus."""
    return _answer(probe.metrics(parts_of(request).metrics.registry, accept=request.headers.get("accept", "")))


async def problem_type(request: Request) -> Response:
    """What a problem's ``type`` means."""
    code = request.path_params["code"]
    if code not in PROBLEMS:
        raise NotFound("There is no such kind of problem.")
    kind = PROBLEMS[code]
    return answer({"code": code, "status": kind.status, "title": kind.title, "description": kind.about})


def _answer(found: probe.Answer) -> Response:
    return Response(found.body, status_code=found.status, media_type=found.content_type)


def routes(settings: GatewaySettings) -> list[BaseRoute]:
    """The probes; ``/metrics`` only where ``METRICS_PUBLIC`` says so."""
    served: list[BaseRoute] = [
        PlainRoute("/healthz", healthz, methods=["GET"], summary="Liveness", tags=["service"]),
        PlainRoute(
            "/readyz",
            readyz,
            methods=["GET"],
            summary="Readiness",
            tags=["service"],
            responses={503: {"description": "Some check is bad; the body is the same."}},
        ),
        PlainRoute(
            "/problems/{code}",
            problem_type,
            methods=["GET"],
            summary="Explain a problem",
            tags=["service"],
            responses=openapi.problems("not_found"),
            openapi_extra=openapi.described(parameters=[openapi.path_parameter("code", "The problem's code.")]),
        ),
    ]
    if settings.metrics_public:
        served.append(
            PlainRoute(
                "/metrics",
                metrics,
                methods=["GET"],
                summary="Metrics",
                tags=["service"],
                response_class=PlainTextResponse,
            )
        )
    return served
