"""The API document: what FastAPI can't know of plain routes and of our errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from codeforge_gateway.answers import Problem
from codeforge_gateway.errors import PROBLEMS
from codeforge_gateway.problems import MEDIA_TYPE
from codeforge_gateway.schemas import Schema

Described = dict[str, Any]

IDEMPOTENCY_KEY: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key and body give the same job for 24 hours, per user and route.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
}
PREFER: Schema = {
    "name": "Prefer",
    "in": "header",
    "required": False,
    "description": "`wait=N` holds the answer until the job has ended, for at most N seconds (RFC 7240).",
    "schema": {"type": "string"},
    "example": "wait=10",
}

_SECURITY: Mapping[str, Schema] = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "With AUTH_MODE=jwt."},
    "development": {
        "type": "apiKey",
        "in": "header",
        "name": "X-User-Id",
        "description": "With AUTH_MODE=none, which believes it.",
    },
}
_REF = {"$ref": "#/components/schemas/Problem"}


def problems(*codes: str) -> dict[int | str, Described]:
    """``responses`` for these error codes, by status; every other error has the same form."""
    by_status: dict[int | str, list[str]] = {}
    for code in ("internal_error", "store_unavailable", *codes):
        by_status.setdefault(PROBLEMS[code].status, []).append(code)
    responses = {status: _response(codes) for status, codes in sorted(by_status.items(), key=str)}
    responses["default"] = {"description": "Any other problem", "content": {MEDIA_TYPE: {"schema": _REF}}}
    return responses


def _response(codes: Sequence[str]) -> Described:
    examples = {
        code: {"summary": PROBLEMS[code].title, "description": PROBLEMS[code].about, "value": example(code)}
        for code in codes
    }
    return {
        "description": " ".join(f"`{code}`: {PROBLEMS[code].about}" for code in codes),
        "content": {MEDIA_TYPE: {"schema": _REF, "examples": examples}},
    }


def example(code: str) -> Problem:
    """A document of the problem ``code``."""
    kind = PROBLEMS[code]
    document: Problem = {
        "type": f"/problems/{code}",
        "title": kind.title,
        "status": kind.status,
        "detail": kind.about,
        "instance": "/api/jobs/job_0069z5m2e0e5q8r9v3k7n1d4x6a2",
        "success": False,
        "error": kind.title,
        "code": code,
        "traceId": "4bf92f3577b34da6a3ce929d0e0e4736",
    }
    if code in ("invalid_request", "invalid_json"):
        document["errors"] = [{"path": "userId", "message": "is required"}]
    return document


def described(*, body: Schema | None = None, required: bool = True, parameters: Sequence[Schema] = ()) -> Described:
    """``openapi_extra`` of a plain route."""
    extra: Described = {"parameters": [dict(parameter) for parameter in parameters]}
    if body is not None:
        extra["requestBody"] = {"required": required, "content": {"application/json": {"schema": dict(body)}}}
    return extra


def path_parameter(name: str, description: str) -> Schema:
    """A parameter in the path of a plain route."""
    return {"name": name, "in": "path", "required": True, "description": description, "schema": {"type": "string"}}


def query_parameter(name: str, schema: Schema) -> Schema:
    """A parameter in the query of a plain route; it may be left out."""
    about = {name: value for name, value in schema.items() if name != "description"}
    return {"name": name, "in": "query", "required": False, "description": schema["description"], "schema": about}


def describe(app: FastAPI) -> None:
    """Makes ``app`` answer the whole document, built once."""

    def document() -> Described:
        if app.openapi_schema is None:
            schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            components = schema.setdefault("components", {})
            components.setdefault("schemas", {})["Problem"] = _inlined(TypeAdapter(Problem).json_schema())
            components["securitySchemes"] = dict(_SECURITY)
            schema["security"] = [{name: []} for name in _SECURITY] + [{}]
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def _inlined(schema: Described) -> Described:
    """``schema`` without ``$defs``, whose references mean nothing inside another document."""
    (fault,) = schema.pop("$defs").values()
    schema["properties"]["errors"]["items"] = fault
    return schema
