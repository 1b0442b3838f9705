from __future__ import annotations

import asyncio
from dataclasses import fields

from codeforge_common.cancelling import cancel
from codeforge_gateway.app import build_app, loops
from tests.gateway.harness import Gateway


async def test_what_it_is_given_outlives_it(gateway: Gateway) -> None:
    """Edge shares these parts between two applications."""
    given = {
        field.name: getattr(gateway.parts, field.name)
        for field in fields(gateway.parts)
        if field.name not in ("bodies", "streams", "chat")
    }
    beside = [asyncio.create_task(loop) for loop in loops(build_app(**given)).values()]
    await cancel(beside)
    assert gateway.tail.connected
    await gateway.submit()


async def test_routes_that_look_like_job_ids_are_found_first(gateway: Gateway) -> None:
    assert (await gateway.client.get("/api/jobs/stats/queue")).json()["success"] is True
    assert (await gateway.client.get("/api/jobs/user/ada")).json()["success"] is True
