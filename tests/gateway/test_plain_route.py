from __future__ import annotations

from typing import Any

import pytest
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from codeforge_common.errors import JobNotFound
from codeforge_gateway.plain_route import PlainRoute, PlainRoutes


async def plain(request: Request) -> Response:
    return PlainTextResponse(f"plain {request.path_params}")


async def failing(request: Request) -> Response:
    raise JobNotFound("There is no such job.")


async def modelled(request: Request) -> str:
    return "not called here"


async def framework(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("framework")(scope, receive, send)


ROUTES = [
    APIRoute("/jobs/stats", modelled, methods=["GET"]),
    PlainRoute("/jobs/{id}", plain, methods=["GET"]),
    PlainRoute("/failing", failing, methods=["GET"]),
]


async def answered(method: str, path: str) -> tuple[int, str]:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": []}
    await PlainRoutes(framework, routes=ROUTES)(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:]).decode()


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("GET /jobs/7", "plain {'id': '7'}"),
        ("GET /jobs/stats", "framework"),  # the first route that matches counts, as in the framework's own router
        ("POST /jobs/7", "framework"),  # which knows what a method that isn't served gets
        ("GET /nothing", "framework"),
    ],
)
async def test_only_what_a_plain_route_serves_is_served_here(call: str, body: str) -> None:
    method, path = call.split()
    assert await answered(method, path) == (200, body)


async def test_an_error_of_ours_is_answered_as_everywhere() -> None:
    status, body = await answered("GET", "/failing")
    assert status == 404
    assert '"code":"job_not_found"' in body
