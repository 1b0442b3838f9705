from __future__ import annotations

import logging

import pytest
from opentelemetry.trace import SpanKind, StatusCode

from codeforge_common.telemetry.request_lines import RequestLine
from tests.gateway.harness import Gateway

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


async def test_a_request_has_a_server_span_named_after_its_route(gateway: Gateway) -> None:
    await gateway.client.get("/api/jobs/job_00000000000000000000000000a?userId=ada")
    (span,) = gateway.spans("GET /api/jobs/{jobId}")
    assert span.kind is SpanKind.SERVER
    assert dict(span.attributes or {}) == {
        "http.request.method": "GET",
        "url.scheme": "http",
        "http.route": "/api/jobs/{jobId}",
        "http.response.status_code": 404,
    }
    assert span.status.status_code is StatusCode.UNSET


async def test_it_goes_on_in_the_callers_trace(gateway: Gateway) -> None:
    parent = f"00-{TRACE}-00f067aa0ba902b7-01"
    answer = await gateway.client.get("/api/nothing", headers={"traceparent": parent})
    assert answer.json()["traceId"] == TRACE


async def test_a_traceparent_that_is_none_begins_a_trace(gateway: Gateway) -> None:
    answer = await gateway.client.get("/api/nothing", headers={"traceparent": "nonsense"})
    assert len(answer.json()["traceId"]) == 32


async def test_our_own_faults_are_errors(gateway: Gateway) -> None:
    gateway.parts.store.get = None  # type: ignore[method-assign, assignment]
    await gateway.client.get("/api/jobs/job_00000000000000000000000000a")
    (span,) = gateway.spans("GET /api/jobs/{jobId}")
    assert span.status.status_code is StatusCode.ERROR


async def test_a_made_up_method_makes_no_new_name(gateway: Gateway) -> None:
    await gateway.client.request("PROPFIND", "/api/nothing")
    (span,) = gateway.spans("HTTP")
    assert (span.attributes or {})["http.request.method"] == "HTTP"


async def test_probes_make_no_spans(gateway: Gateway) -> None:
    await gateway.client.get("/healthz")
    assert gateway.spans_kept.get_finished_spans() == ()


async def test_a_request_is_a_line_in_the_log_and_a_probe_is_none(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="codeforge.requests"):
        await gateway.client.head("/api/jobs/user/ada?token=x")
        await gateway.client.get("/readyz")
    (line,) = [record.msg for record in caplog.records if record.name == "codeforge.requests"]
    assert isinstance(line, RequestLine)
    assert line.client.startswith("127.0.0.1:")
    assert (line.method, line.path, line.status) == ("HEAD", "/api/jobs/user/ada", 200)
