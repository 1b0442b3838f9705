from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from codeforge_gateway.errors import PROBLEMS
from tests.gateway.conftest import Start
from tests.gateway.harness import WITHIN, Gateway
from tests.plugins.waiting import wait_for


async def test_the_process_lives(gateway: Gateway) -> None:
    answer = await gateway.client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_readiness_names_every_check(gateway: Gateway) -> None:
    await wait_for(lambda: gateway.parts.readiness.report()[0], within=WITHIN, what="readiness")
    answer = await gateway.client.get("/readyz")
    checks = answer.json()["checks"]
    assert answer.status_code == 200
    assert set(checks) == {"store", "broker", "event_log", "job_types", "memory", "connections"}
    assert checks["job_types"]["detail"] == {"without_worker": ["agent_task", "code_generation", "repo_analysis"]}


async def test_a_bad_check_is_503_and_says_why(gateway: Gateway) -> None:
    gateway.parts.readiness.set("disk", ok=False, detail="full")
    answer = await gateway.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["disk"] == {"ok": False, "detail": "full"}


async def test_metrics_are_public_only_where_asked_for(gateway: Gateway, start: Start) -> None:
    private = await start(metrics_public=False)
    answer = await gateway.client.get("/metrics")
    families = {family.name for family in text_string_to_metric_families(answer.text)}
    assert answer.headers["content-type"].startswith("text/plain")
    assert {"codeforge_jobs", "codeforge_jobs_submitted", "codeforge_store_calls_seconds"} <= families
    assert (await private.client.get("/metrics")).status_code == 404


async def test_probes_answer_to_any_host(gateway: Gateway) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        answer = await gateway.client.get(path, headers={"Host": "10.1.2.3:8000"})
        assert answer.status_code in (200, 503)


async def test_the_type_of_a_problem_can_be_read_up(gateway: Gateway) -> None:
    for code, kind in PROBLEMS.items():
        answer = await gateway.client.get(f"/problems/{code}")
        assert answer.json() == {"code": code, "status": kind.status, "title": kind.title, "description": kind.about}
    assert (await gateway.client.get("/problems/nonsense")).status_code == 404
