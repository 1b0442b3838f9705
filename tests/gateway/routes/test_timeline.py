from __future__ import annotations

from codeforge_common.store import OutcomeKind
from tests.gateway.conftest import Start
from tests.gateway.harness import Gateway


async def test_it_tells_each_run_and_why_it_ended(gateway: Gateway) -> None:
    job_id = await gateway.submit()
    worker = gateway.worker()
    first = await worker.take()
    await worker.end(first, OutcomeKind.RETRY, reason="Try later.", delay_ms=60_000)
    await gateway.client.delete(f"/api/jobs/{job_id}?reason=enough&userId=ada")

    answer = (await gateway.client.get(f"/api/jobs/{job_id}/timeline")).json()

    assert (answer["success"], answer["jobId"], answer["dropped"]) == (True, job_id, 0)
    moments = answer["timeline"]
    assert [moment["event"] for moment in moments] == [
        "submitted",
        "claimed",
        "retry_scheduled",
        "cancel_requested",
        "cancelled",
    ]
    assert moments[1] == {
        "at": moments[1]["at"],
        "event": "claimed",
        "worker": worker.id,
        "token": first.token,
        "attempt": 1,
    }
    assert moments[2]["reason"] == "Try later."
    assert moments[2]["dueAt"] > moments[2]["at"]
    assert (moments[3]["reason"], moments[3]["by"]) == ("enough", "ada")
    assert set(moments[0]) == {"at", "event"}, "what doesn't apply is left out"
    assert [moment["at"] for moment in moments] == sorted(moment["at"] for moment in moments)
    assert all(moment["at"].endswith("Z") for moment in moments)


async def test_of_a_long_one_the_oldest_go_and_are_counted(start: Start) -> None:
    gateway = await start(job_timeline_max=10)
    job_id = await gateway.submit()
    worker = gateway.worker()
    for _ in range(10):
        await worker.end(await worker.take(), OutcomeKind.HANDED_BACK, reason="The worker stops.")
    answer = (await gateway.client.get(f"/api/jobs/{job_id}/timeline")).json()
    assert answer["dropped"] > 0
    assert len(answer["timeline"]) <= 10
    assert answer["timeline"][-1]["event"] == "handed_back"
