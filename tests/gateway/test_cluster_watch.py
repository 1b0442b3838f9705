from __future__ import annotations

import pytest

from codeforge_common.errors import StoreUnavailable
from codeforge_common.store import ServerState
from codeforge_gateway.cluster_watch import look, look_at_server
from tests.gateway.harness import Gateway


async def test_the_gauges_show_what_the_store_counts(gateway: Gateway) -> None:
    worker = gateway.worker()
    await worker.idle()
    await gateway.submit()
    await gateway.submit("repo-analysis")
    await worker.take()

    await look(gateway.parts)

    metrics = (await gateway.client.get("/metrics")).text.splitlines()
    assert 'codeforge_jobs{state="active",type="agent_task"} 1.0' in metrics
    assert 'codeforge_jobs{state="waiting",type="repo_analysis"} 1.0' in metrics
    assert "codeforge_workers_alive 1.0" in metrics
    assert "codeforge_job_types_without_worker 2.0" in metrics


async def test_types_without_a_worker_are_told_and_not_held_against_us(gateway: Gateway) -> None:
    await gateway.worker().idle()
    await look(gateway.parts)
    check = gateway.parts.readiness.report()[1]["job_types"]
    assert check == {"ok": True, "detail": {"without_worker": ["code_generation", "repo_analysis"]}}


async def test_a_store_that_is_away_is_told(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away() -> None:
        raise StoreUnavailable

    monkeypatch.setattr(gateway.store, "cluster", away)
    monkeypatch.setattr(gateway.store, "server", away)
    await look(gateway.parts)
    await look_at_server(gateway.parts)
    ready, checks = gateway.parts.readiness.report()
    assert not ready
    assert not checks["store"]["ok"]


@pytest.mark.parametrize(
    ("state", "memory", "connections"),
    [
        ({"memory": 89, "memory_max": 100, "connections": 18, "connections_max": 20}, True, True),
        ({"memory": 90, "memory_max": 100, "connections": 19, "connections_max": 20}, False, False),
        ({"memory": 95, "memory_max": 0, "connections": 19, "connections_max": 0}, True, True),
    ],
)
async def test_a_server_near_its_limits_is_not_ready(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, state: dict[str, int], memory: bool, connections: bool
) -> None:
    async def server() -> ServerState:
        return ServerState(**state)

    monkeypatch.setattr(gateway.store, "server", server)
    await look_at_server(gateway.parts)
    checks = gateway.parts.readiness.report()[1]
    assert (checks["memory"]["ok"], checks["connections"]["ok"]) == (memory, connections)
    detail = checks["connections"]["detail"]
    assert (detail["used"], detail["limit"]) == (state["connections"], state["connections_max"] or None)
    assert detail["own"] >= 1  # the store's and the event log's


async def test_the_servers_own_numbers(gateway: Gateway) -> None:
    server = await gateway.store.server()
    assert server.memory > 100_000
    assert 0 < server.connections < server.connections_max
