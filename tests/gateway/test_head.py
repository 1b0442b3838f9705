from __future__ import annotations

import pytest

from tests.gateway.harness import WITHIN, Gateway
from tests.plugins.waiting import wait_for


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/docs", "/api/jobs/stats/queue", "/api/jobs/user/ada"])
async def test_head_answers_as_get_without_the_content(gateway: Gateway, path: str) -> None:
    get, head = await gateway.client.get(path), await gateway.client.head(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


async def test_an_error_has_its_status(gateway: Gateway) -> None:
    assert (await gateway.client.head("/api/jobs/job_00000000000000000000000000a")).status_code == 404
    refused = await gateway.client.head("/api/chat")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "POST")


async def test_a_stream_ends_and_leaves_nothing(gateway: Gateway) -> None:
    answer = await gateway.client.head("/api/events?userId=ada")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    await wait_for(lambda: not gateway.tail._feed.subscriptions, within=WITHIN, what="the end of the stream")


async def test_the_span_has_the_method_and_the_route(gateway: Gateway) -> None:
    await gateway.client.head("/api/jobs/stats/queue")
    assert gateway.spans("HEAD /api/jobs/stats/queue")
