"""Traces: from the call at the gateway to the handler in a worker, found by whoever has only the job's id."""

from __future__ import annotations

import json
import secrets
from typing import Any

import pytest

from tests.images.stack import Stack
from tests.plugins.waiting import wait_until

pytestmark = [pytest.mark.compose, pytest.mark.timeout(900)]


def services(traces: list[dict[str, Any]]) -> set[str]:
    """Who took part. Each service sends its spans when it likes, so they come one after the other."""
    return {trace["processes"][span["processID"]]["serviceName"] for trace in traces for span in trace["spans"]}


def test_a_trace_spans_gateway_and_worker(stack: Stack) -> None:
    trace_id = secrets.token_hex(16)
    traceparent = f"00-{trace_id}-{secrets.token_hex(8)}-01"

    stack.submit(user="tracy", session="traced", repository="acme/sample", traceparent=traceparent)

    wait_until(
        lambda: {"codeforge-gateway", "codeforge-worker"} <= services(stack.jaeger(f"traces/{trace_id}")),
        within=60,
        what="a trace with spans of gateway and worker",
    )


def test_a_job_s_id_leads_to_its_trace(stack: Stack) -> None:
    job_id = stack.submit(user="tracy", session="traced", repository="acme/sample")
    tags = json.dumps({"messaging.message.id": job_id})

    def found() -> list[dict[str, Any]]:
        return stack.jaeger("traces", service="codeforge-worker", tags=tags)

    wait_until(
        lambda: {"codeforge-gateway", "codeforge-worker"} <= services(found()),
        within=60,
        what="the whole trace of the job",
    )

    assert len(found()) == 1
