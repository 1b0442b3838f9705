from __future__ import annotations

from codeforge_common.job import JobType
from codeforge_common.store import OutcomeKind
from tests.gateway.harness import Gateway


async def test_jobs_are_counted_by_state(gateway: Gateway) -> None:
    worker = gateway.worker()
    for kind in (OutcomeKind.COMPLETED, OutcomeKind.FAILED):
        await gateway.submit()
        await worker.end(await worker.take(), kind, result="1", reason="broken")
    await gateway.submit()
    await worker.end(await worker.take(), OutcomeKind.RETRY, reason="broken", delay_ms=60_000)
    await gateway.submit()
    await worker.take()
    cancelled = await gateway.submit()
    await gateway.client.delete(f"/api/jobs/{cancelled}")
    await gateway.submit()
    await gateway.submit("repo-analysis")

    one = await gateway.client.get("/api/jobs/stats/queue?type=agent-task")
    all_types = await gateway.client.get("/api/jobs/stats/queue")

    stats = {"waiting": 1, "active": 1, "completed": 1, "failed": 1, "delayed": 1, "total": 5}
    assert one.json() == {"success": True, "stats": stats}
    assert all_types.json()["stats"] == stats | {"waiting": 2, "total": 6}


async def test_a_known_type_without_jobs_has_zeros(gateway: Gateway) -> None:
    await gateway.store.announce([JobType(name="translate")])
    answer = await gateway.client.get("/api/jobs/stats/queue?type=translate")
    assert set(answer.json()["stats"].values()) == {0}


async def test_an_unknown_type_is_404(gateway: Gateway) -> None:
    answer = await gateway.client.get("/api/jobs/stats/queue?type=nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_job_type")
