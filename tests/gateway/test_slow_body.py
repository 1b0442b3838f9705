"""A client that sends its body a byte at a time doesn't hold a handler for ever."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from tests.gateway.conftest import Start
from tests.gateway.harness import TASK, WITHIN, Trickle, nothing


async def byte_by_byte(writer: asyncio.StreamWriter) -> None:
    """Each pause is shorter than the limit, all of them together aren't."""
    with suppress(ConnectionError):
        for _ in range(1000):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("trickle", [nothing, byte_by_byte])
@pytest.mark.parametrize("call", ["POST /api/jobs/agent-task", "POST /api/chat", "DELETE {job}", "POST {job}/retry"])
async def test_it_is_told_so_and_let_go(start: Start, call: str, trickle: Trickle) -> None:
    gateway = await start(body_timeout_seconds=0.3)
    job_id = await gateway.submit()
    head, problem = await gateway.unfinished(call.format(job=f"/api/jobs/{job_id}"), trickle)
    assert head.startswith(b"http/1.1 408 ")
    assert b"\r\nconnection: close\r\n" in head
    assert (problem["status"], problem["code"]) == (408, "request_timeout")
    assert (await gateway.job(job_id))["status"] == "waiting"


async def test_a_body_in_time_is_read(start: Start) -> None:
    gateway = await start(body_timeout_seconds=WITHIN)
    answer = await gateway.client.post("/api/jobs/agent-task", json=TASK)
    assert answer.status_code == 202
