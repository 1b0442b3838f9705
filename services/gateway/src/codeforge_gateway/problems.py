"""Errors as RFC 9457 documents, for every way in which a request can fail."""

from __future__ import annotations

import math
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from codeforge_common.errors import (
    CodeForgeError,
    NotDurable,
    RateLimited,
    StoreUnavailable,
    TooManyMessages,
    Unauthenticated,
    UnknownJobType,
    UnknownStep,
)
from codeforge_common.secrets import redact
from codeforge_common.store import Rate
from codeforge_common.telemetry.tracing import trace_id
from codeforge_gateway.chat.errors import ModelError, ModelUnavailable
from codeforge_gateway.errors import PROBLEMS, Fault, InvalidRequest, MethodNotAllowed, NotFound, RequestTimeout
from codeforge_gateway.limits import chat_policy_header, policy_header, rate_header
from codeforge_gateway.parts import parts_of
from codeforge_gateway.views import json_bytes

MEDIA_TYPE = "application/problem+json"


def problem(error: CodeForgeError, *, path: str) -> Response:
    """The answer for ``error``. ``path`` is the request's, without its query."""
    document = problem_document(error, path=path)
    return Response(
        json_bytes(document), status_code=document["status"], headers=_headers(error), media_type=MEDIA_TYPE
    )


def problem_document(error: CodeForgeError, *, path: str) -> dict[str, Any]:
    """``error`` as a document."""
    kind = PROBLEMS.get(error.code, PROBLEMS["internal_error"])
    ours = isinstance(error, StoreUnavailable | ModelError)
    document: dict[str, Any] = {
        "type": f"/problems/{error.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": str(error) if ours or kind.status < 500 else kind.about,
        "instance": quote(redact(path)),
        "success": False,
        "error": kind.title,
        "code": error.code,
        "traceId": trace_id(),
    }
    if isinstance(error, InvalidRequest):
        document["errors"] = [{"path": redact(fault.path), "message": fault.message} for fault in error.faults]
    if isinstance(error, NotDurable):
        document["jobId"] = error.job_id
    if isinstance(error, UnknownJobType) and error.types:
        document["types"] = error.types
    if isinstance(error, UnknownStep):
        document["steps"] = error.steps
    return document


def retry_after(error: CodeForgeError) -> int | None:
    """Seconds after which it is worth another try; None: who knows."""
    if isinstance(error, RateLimited | StoreUnavailable | ModelUnavailable):
        return max(1, math.ceil(error.retry_after))
    return 1 if PROBLEMS.get(error.code, PROBLEMS["internal_error"]).status == 503 else None


def _headers(error: CodeForgeError) -> dict[str, str]:
    match error:
        case Unauthenticated():
            return {"WWW-Authenticate": "Bearer"}
        case MethodNotAllowed():
            return {"Allow": error.allow}
        case RequestTimeout():
            return {"Connection": "close"}  # what still comes isn't the next request (RFC 9110, section 15.5.9)
    pause = retry_after(error)
    return {} if pause is None else {"Retry-After": str(pause)}


def handle_problems(app: FastAPI) -> None:
    """Replaces the handlers of FastAPI and Starlette: theirs have another form, and repeat what was sent."""
    app.add_exception_handler(CodeForgeError, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)


def answer_for(request: Request, error: CodeForgeError) -> Response:
    """The answer to a request that failed with ``error``."""
    answer = problem(error, path=request.url.path)
    if type(error) is RateLimited:  # its kinds have nothing to do with the rate
        answer.headers.update(policy_header(parts_of(request).settings))
        answer.headers.update(rate_header(Rate(remaining=0, reset_ms=round(1000 * error.retry_after))))
    if isinstance(error, TooManyMessages):
        answer.headers.update(chat_policy_header(parts_of(request).settings))
        answer.headers.update(rate_header(Rate(remaining=0, reset_ms=round(1000 * error.retry_after)), of="chat"))
    return answer


async def _known(request: Request, error: Exception) -> Response:
    assert isinstance(error, CodeForgeError)
    return answer_for(request, error)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # `msg` says what was expected; `input` and `ctx` say what came, and stay here.
    faults = [
        Fault(".".join(str(part) for part in fault["loc"][1:]), fault["msg"].removeprefix("Input "))
        for fault in error.errors()
    ]
    return problem(InvalidRequest(faults), path=request.url.path)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return problem(MethodNotAllowed(_allowed(request)), path=request.url.path)
    if error.status_code == 404:
        return problem(NotFound("Nothing is served at this address."), path=request.url.path)
    return problem(CodeForgeError(), path=request.url.path)


def _allowed(request: Request) -> str:
    # The router names only the methods of the first route that has the path.
    methods: set[str] = set()
    for route in request.app.router.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            methods |= getattr(route, "methods", None) or set()
    if "GET" in methods:
        methods.add("HEAD")  # see head.py
    return ", ".join(sorted(methods))
