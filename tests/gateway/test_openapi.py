from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from codeforge_gateway.errors import PROBLEMS
from tests.gateway.conftest import Start
from tests.gateway.harness import Gateway

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
]
EXAMPLES = 25
"""Requests made up for each operation, of good ones and of bad ones each."""

ROUTES = {
    ("/api/jobs/{type}", "post"),
    ("/api/jobs/{jobId}", "get"),
    ("/api/jobs/{jobId}", "delete"),
    ("/api/jobs/{jobId}/retry", "post"),
    ("/api/jobs/{jobId}/events", "get"),
    ("/api/jobs/{jobId}/timeline", "get"),
    ("/api/jobs/{jobId}/output", "get"),
    ("/api/jobs/user/{userId}", "get"),
    ("/api/jobs/stats/queue", "get"),
    ("/api/chat", "post"),
    ("/api/chat/{generationId}", "get"),
    ("/api/events", "get"),
    ("/healthz", "get"),
    ("/readyz", "get"),
    ("/metrics", "get"),
    ("/problems/{code}", "get"),
}


@pytest.fixture
async def document(gateway: Gateway) -> dict[str, Any]:
    answer = await gateway.client.get("/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


async def test_every_route_is_documented(document: dict[str, Any]) -> None:
    assert {(path, method) for path, method, _ in operations(document)} == ROUTES


async def test_every_problem_type_is_documented_with_an_example(document: dict[str, Any]) -> None:
    inside = {"configuration_error", "secret_unreadable", "invalid_cursor"}
    anywhere = {"not_found", "method_not_allowed", "host_not_allowed"}
    told: set[str] = set()
    for _, _, operation in operations(document):
        for status, response in operation["responses"].items():
            for content in response.get("content", {}).get("application/problem+json", {}).get("examples", {}).values():
                assert str(content["value"]["status"]) == status
                told.add(content["value"]["code"])
    assert told >= PROBLEMS.keys() - inside - anywhere
    assert "HTTPValidationError" not in str(document)


async def test_every_api_operation_says_what_any_other_problem_looks_like(document: dict[str, Any]) -> None:
    for path, _, operation in operations(document):
        if path.startswith("/api/"):
            content = operation["responses"]["default"]["content"]
            assert content == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


async def test_limits_stand_in_the_document(document: dict[str, Any]) -> None:
    body = document["paths"]["/api/jobs/{type}"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["required"] == ["userId", "sessionId", "userMessage"]
    assert body["properties"]["userId"]["maxLength"] == 200
    assert body["properties"]["userMessage"]["maxLength"] == 100_000


async def test_there_is_a_page_for_people_that_loads_nothing(gateway: Gateway) -> None:
    answer = await gateway.client.get("/docs")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    for path, _ in ROUTES:
        assert f"<code>{path}</code>" in answer.text
    for code in PROBLEMS:
        assert f"<td>{code}</td>" in answer.text
    assert "src=" not in answer.text
    assert "://" not in answer.text.replace("https://example.org", "")


@pytest.mark.parametrize("mode", GenerationMode)
async def test_made_up_requests_get_documented_answers(start: Start, mode: GenerationMode) -> None:
    """Good ones for every operation but the streams, which don't end; bad ones for those that take a body."""
    # Whoever makes up requests also makes up `Prefer: wait=25`, and nobody works here.
    gateway = await start(max_message_length=200, prefer_wait_max_seconds=0.1)
    await asyncio.to_thread(attack, f"{gateway.url}/openapi.json", mode)


def attack(url: str, mode: GenerationMode) -> None:
    document = schemathesis.openapi.from_url(url).exclude(path_regex="events$")
    if mode is GenerationMode.NEGATIVE:
        document = document.include(path=["/api/jobs/{type}", "/api/jobs/{jobId}/retry", "/api/chat"])

    for found in document.get_all_operations():
        operation = found.ok()  # type: ignore[union-attr]  # a schema that is wrong fails the test here
        strategy = operation.as_strategy(generation_mode=mode)

        @given(case=strategy)
        @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        def once(case: Any) -> None:
            case.validate_response(case.call(), checks=CHECKS)

        once()
