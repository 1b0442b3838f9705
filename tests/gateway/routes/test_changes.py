from __future__ import annotations

from typing import Any

import pytest

from codeforge_common.job import JobType
from codeforge_common.store import Moment, OutcomeKind
from tests.gateway.conftest import Start
from tests.gateway.harness import Gateway, Worker

TOKEN = "ghp_q7pK2vLw9XcT4mNz8RbY"


async def test_a_waiting_job_is_cancelled_at_once_and_again(gateway: Gateway) -> None:
    job_id = await gateway.submit()
    for _ in range(2):
        answer = await gateway.client.delete(f"/api/jobs/{job_id}")
        assert answer.status_code == 200
        assert answer.json() == {"success": True, "message": "Job cancelled successfully"}
    assert (await gateway.job(job_id))["status"] == "cancelled"


async def test_a_running_job_is_marked(gateway: Gateway) -> None:
    job_id = await gateway.submit()
    await gateway.worker().take()
    answer = await gateway.client.request("DELETE", f"/api/jobs/{job_id}", json={"reason": f"no time {TOKEN}"})
    job = await gateway.job(job_id)
    assert answer.status_code == 200
    assert (job["status"], job["cancelRequested"]) == ("active", True)
    assert job["logs"][-1].endswith("Cancel requested: no time [redacted]")


@pytest.mark.parametrize("where", ["json", "params"])
async def test_a_reason_is_one_line_and_has_its_limit(gateway: Gateway, where: str) -> None:
    for reason, status in (("x" * 501, 400), (" " + "x" * 500 + "\n", 200), ("\x1b[2J", 400), (" ", 200)):
        job_id = await gateway.submit()
        answer = await gateway.client.request("DELETE", f"/api/jobs/{job_id}", **{where: {"reason": reason}})  # type: ignore[arg-type]
        assert answer.status_code == status
        if status == 400:
            assert [fault["path"] for fault in answer.json()["errors"]] == ["reason"]
        assert (await gateway.job(job_id))["status"] == ("waiting" if status == 400 else "cancelled")


async def test_a_reason_stands_in_the_log_and_the_timeline(gateway: Gateway) -> None:
    job_id = await gateway.submit()
    cancel = gateway.client.request(
        "DELETE",
        f"/api/jobs/{job_id}?reason=from+the+query",
        json={"reason": " not\nneeded  any more "},
        headers={"X-User-Id": "ada"},
    )
    assert (await cancel).status_code == 200
    assert (await gateway.job(job_id))["logs"][-1].endswith("Cancelled: not needed any more")
    timeline = await gateway.store.timeline(job_id, caller="ada")
    (asked,) = [entry for entry in timeline.entries if entry.event is Moment.CANCEL_REQUESTED]
    assert (asked.reason, asked.by) == ("not needed any more", "ada")


@pytest.mark.parametrize("kind", [OutcomeKind.COMPLETED, OutcomeKind.FAILED])
async def test_what_has_ended_is_not_cancelled(gateway: Gateway, kind: OutcomeKind) -> None:
    job_id = await gateway.submit()
    worker = gateway.worker()
    await worker.end(await worker.take(), kind, result="1", reason="broken")
    answer = await gateway.client.delete(f"/api/jobs/{job_id}")
    assert (answer.status_code, answer.json()["code"]) == (409, "job_state_conflict")


async def test_a_failed_job_runs_again_under_its_id(gateway: Gateway) -> None:
    job_id = await gateway.submit()
    worker = gateway.worker()
    await worker.end(await worker.take(), OutcomeKind.FAILED, reason="broken")
    await worker.idle()

    answer = await gateway.client.post(f"/api/jobs/{job_id}/retry")

    assert answer.status_code == 200
    assert answer.json() == {"success": True, "message": "Job retry initiated"}
    job = await gateway.job(job_id)
    assert (job["status"], job["attemptsMade"], job["failedReason"]) == ("waiting", 0, None)
    assert [rings for rings, _ in gateway.bell.rings] == [{"agent_task": 1}]


async def test_a_retry_sent_twice_with_one_key_is_one(gateway: Gateway) -> None:
    job_id = await gateway.submit()
    worker = gateway.worker()
    await worker.end(await worker.take(), OutcomeKind.FAILED, reason="broken")
    headers = {"Idempotency-Key": "r-1"}
    await gateway.client.post(f"/api/jobs/{job_id}/retry", headers=headers)
    await worker.end(await worker.take(), OutcomeKind.FAILED, reason="broken again")

    answer = await gateway.client.post(f"/api/jobs/{job_id}/retry", headers=headers)

    assert answer.status_code == 200
    assert (await gateway.job(job_id))["status"] == "failed"


async def test_only_failed_and_cancelled_jobs_run_again(gateway: Gateway) -> None:
    job_id = await gateway.submit()
    answer = await gateway.client.post(f"/api/jobs/{job_id}/retry")
    assert (answer.status_code, answer.json()["code"]) == (409, "job_state_conflict")
    assert "once it has failed or was cancelled" in answer.json()["detail"]


@pytest.mark.parametrize(
    "body", [{"githubContext": {"token": TOKEN}}, {"context": {"githubContext": {"token": TOKEN}}}]
)
async def test_a_retry_without_its_token_needs_a_new_one(start: Start, body: dict[str, Any]) -> None:
    gateway = await start(secrets_retry_seconds=0)
    job_id = await gateway.submit(githubContext={"token": "an-older-token"})
    worker = gateway.worker()
    await worker.end(await worker.take(), OutcomeKind.FAILED, reason="broken")

    refused = await gateway.client.post(f"/api/jobs/{job_id}/retry")
    accepted = await gateway.client.post(f"/api/jobs/{job_id}/retry", json=body)

    assert (refused.status_code, refused.json()["code"]) == (409, "secret_expired")
    assert accepted.status_code == 200
    run = await worker.take()
    assert run.sealed is not None
    opened = gateway.parts.keyring.open(run.sealed, job_id=job_id, user_id="ada")
    assert opened == {"context.githubContext.token": TOKEN}


async def test_a_retry_brings_any_secret_field_of_its_type(gateway: Gateway) -> None:
    await gateway.store.announce([JobType(name="deploy", secret_fields=("context.password",))])
    job_id = await gateway.submit("deploy", context={"password": "one"})
    worker = gateway.worker()
    await worker.end(await worker.take("deploy"), OutcomeKind.FAILED, reason="broken")

    await gateway.client.post(f"/api/jobs/{job_id}/retry", json={"context": {"password": "two"}})

    run = await worker.take("deploy")
    assert run.sealed is not None
    assert gateway.parts.keyring.open(run.sealed, job_id=job_id, user_id="ada") == {"context.password": "two"}


@pytest.mark.parametrize(
    ("body", "missing"),
    [
        ({"githubContext": {"token": TOKEN}}, ["context.key"]),
        ({"context": {"key": "new-key"}}, ["context.githubContext.token"]),
    ],
)
async def test_a_retry_with_a_part_of_the_secrets_is_refused(
    gateway: Gateway, body: dict[str, Any], missing: list[str]
) -> None:
    """It would replace all of them, and the handler would miss the others."""
    await gateway.store.announce([JobType(name="deploy", secret_fields=("context.key",))])
    job_id = await gateway.submit("deploy", context={"key": "old-key"}, githubContext={"token": "old-token"})
    worker = gateway.worker()
    await worker.end(await worker.take("deploy"), OutcomeKind.FAILED, reason="broken")

    answer = await gateway.client.post(f"/api/jobs/{job_id}/retry", json=body)

    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"path": path, "message": "is required"} for path in missing]
    assert (await gateway.job(job_id))["status"] == "failed"


async def test_a_retry_looks_for_a_type_that_this_gateway_doesnt_know_yet(gateway: Gateway) -> None:
    await gateway.store.announce([JobType(name="deploy", secret_fields=("context.password",))])
    job_id = await gateway.submit("deploy", context={"password": "one"})
    worker = gateway.worker()
    await worker.end(await worker.take("deploy"), OutcomeKind.FAILED, reason="broken")
    del gateway.parts.types._known["deploy"]

    await gateway.client.post(f"/api/jobs/{job_id}/retry", json={"context": {"password": "two"}})

    run = await worker.take("deploy")
    assert run.sealed is not None
    assert gateway.parts.keyring.open(run.sealed, job_id=job_id, user_id="ada") == {"context.password": "two"}


async def failed_after(gateway: Gateway, worker: Worker, *steps: str) -> str:
    """A job that failed with these steps finished."""
    job_id = await gateway.submit()
    run = await worker.take()
    for step in steps:
        await gateway.store.step(worker=worker.id, job_id=job_id, token=run.token, name=step, result=f'"{step}"')
    await worker.end(run, OutcomeKind.FAILED, reason="broken")
    return job_id


async def test_a_retry_keeps_all_finished_steps(gateway: Gateway) -> None:
    worker = gateway.worker()
    job_id = await failed_after(gateway, worker, "plan", "edit")
    await gateway.client.post(f"/api/jobs/{job_id}/retry")
    assert (await gateway.job(job_id))["steps"] == ["plan", "edit"]
    assert (await worker.take()).steps == {"plan": '"plan"', "edit": '"edit"'}


@pytest.mark.parametrize("where", ["json", "params"])
async def test_a_retry_from_a_step_keeps_those_before_it(gateway: Gateway, where: str) -> None:
    worker = gateway.worker()
    job_id = await failed_after(gateway, worker, "plan", "edit", "check")
    answer = await gateway.client.request("POST", f"/api/jobs/{job_id}/retry", **{where: {"from": "edit"}})  # type: ignore[arg-type]
    assert answer.json() == {"success": True, "message": "Job retry initiated"}
    assert list((await worker.take()).steps) == ["plan"]


async def test_a_retry_from_a_step_that_isnt_finished_names_those_that_are(gateway: Gateway) -> None:
    worker = gateway.worker()
    job_id = await failed_after(gateway, worker, "plan", "edit")
    answer = await gateway.client.post(f"/api/jobs/{job_id}/retry?from=deploy")
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["steps"]) == (409, "unknown_step", ["plan", "edit"])
    assert "deploy" not in answer.text
    assert (await gateway.job(job_id))["status"] == "failed"


async def test_a_step_is_a_text_with_a_limit(gateway: Gateway) -> None:
    job_id = await gateway.submit()
    for step in (5, ["plan"], "x" * 101):
        answer = await gateway.client.post(f"/api/jobs/{job_id}/retry", json={"from": step})
        assert [fault["path"] for fault in answer.json()["errors"]] == ["from"]


async def test_who_asked_for_a_retry_is_known(gateway: Gateway) -> None:
    worker = gateway.worker()
    job_id = await failed_after(gateway, worker)
    await gateway.client.post(f"/api/jobs/{job_id}/retry", headers={"X-User-Id": "ada"})
    timeline = await gateway.store.timeline(job_id, caller="ada")
    (asked,) = [entry for entry in timeline.entries if entry.event is Moment.RETRY_REQUESTED]
    assert asked.by == "ada"


async def test_a_retry_of_a_forgotten_type_needs_no_announcement(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = gateway.worker()
    job_id = await failed_after(gateway, worker, "plan")
    monkeypatch.setattr(gateway.parts.types, "find", None)
    answer = await gateway.client.post(f"/api/jobs/{job_id}/retry", json={"from": "plan"})
    assert answer.status_code == 200
