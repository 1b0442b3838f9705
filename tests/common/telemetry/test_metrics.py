from __future__ import annotations

import asyncio
import time

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from codeforge_common.job import Status
from codeforge_common.telemetry.cluster import ClusterNumbers
from codeforge_common.telemetry.metrics import BUCKETS, Metrics, create_metrics, watch_event_loop
from tests.plugins.waiting import wait_for

TYPES = ["agent_task", "code_generation", "repo_analysis"]
OUTCOMES = ["completed", "failed", "cancelled"]
REASONS = ["failure", "asked", "wall_time", "manual"]

# Contract, section 3. A histogram is known by its _count.
CONTRACT: dict[str, dict[str, list[str]]] = {
    "codeforge_jobs": {"type": TYPES, "state": [status.value for status in Status]},
    "codeforge_oldest_waiting_seconds": {"type": TYPES},
    "codeforge_workers_alive": {},
    "codeforge_job_types_without_worker": {},
    "codeforge_jobs_submitted_total": {"type": TYPES},
    "codeforge_jobs_finished_total": {"type": TYPES, "outcome": OUTCOMES},
    "codeforge_job_retries_total": {"type": TYPES, "reason": REASONS},
    "codeforge_job_wait_seconds_count": {"type": TYPES},
    "codeforge_job_run_seconds_count": {"type": TYPES, "outcome": OUTCOMES},
    "codeforge_crashes_total": {"type": TYPES},
    "codeforge_fenced_total": {},
    "codeforge_jobs_vanished_total": {},
    "codeforge_reports_dropped_total": {},
    "codeforge_rings_total": {"result": ["sent", "forwarded", "failed", "dropped"]},
    "codeforge_claims_total": {"cause": ["start", "ring", "finish", "idle", "gathered"]},
    "codeforge_store_calls_seconds_count": {"script": ["create", "claim"]},
    "codeforge_event_loop_lag_seconds_count": {},
    "codeforge_sockets": {},
    "codeforge_events_sent_total": {},
    "codeforge_replays_total": {"result": ["replayed", "reset"]},
    "codeforge_event_delivery_seconds_count": {},
    "codeforge_chats_total": {
        "outcome": [
            *("answered", "rules", "work", "unavailable", "refused", "not_supported", "too_slow", "limited", "gone")
        ]
    },
    "codeforge_chat_seconds_count": {},
}


def samples(metrics: Metrics) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = text_string_to_metric_families(generate_latest(metrics.registry).decode())
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def value(metrics: Metrics, name: str, **labels: str) -> float:
    return samples(metrics)[name, frozenset(labels.items())]


def test_every_metric_of_the_contract_is_zero_from_the_first_scrape() -> None:
    shown = samples(create_metrics(scripts=["create", "claim"]))
    for name, labels in CONTRACT.items():
        expected = [frozenset[tuple[str, str]]()]
        for label, values in labels.items():
            expected = [each | {(label, one)} for each in expected for one in values]
        assert {key: number for key, number in shown.items() if key[0] == name} == dict.fromkeys(
            [(name, each) for each in expected], 0
        )


def test_there_is_no_other_metric_of_ours() -> None:
    suffixes = ("_bucket", "_sum")
    ours = {name for name, _ in samples(create_metrics(scripts=["create"])) if name.startswith("codeforge_")}
    assert {name for name in ours if not name.endswith(suffixes)} == set(CONTRACT)


def test_buckets_tell_milliseconds_and_an_hour_apart() -> None:
    assert BUCKETS[0] <= 0.001
    assert BUCKETS[-1] == 3600
    assert list(BUCKETS) == sorted(BUCKETS)
    metrics = create_metrics()
    metrics.job_wait_seconds.labels("agent_task").observe(0.003)
    assert value(metrics, "codeforge_job_wait_seconds_bucket", type="agent_task", le="0.0025") == 0
    assert value(metrics, "codeforge_job_wait_seconds_bucket", type="agent_task", le="0.005") == 1


def test_a_further_job_type_is_shown_once_it_is_known() -> None:
    metrics = create_metrics()
    metrics.know("translate")
    assert value(metrics, "codeforge_jobs", type="translate", state="failed") == 0
    assert value(metrics, "codeforge_jobs_finished_total", type="translate", outcome="failed") == 0
    assert value(metrics, "codeforge_job_retries_total", type="translate", reason="manual") == 0


def test_two_registries_do_not_mix() -> None:
    one, other = create_metrics(), create_metrics()
    one.fenced.inc()
    assert value(one, "codeforge_fenced_total") == 1
    assert value(other, "codeforge_fenced_total") == 0


def test_the_clusters_numbers_replace_the_former_ones() -> None:
    metrics = create_metrics()
    metrics.cluster.set(
        ClusterNumbers(
            jobs={"agent_task": {Status.WAITING: 3}, "translate": {Status.ACTIVE: 1}},
            oldest_waiting_seconds={"agent_task": 12.5},
            workers_alive=2,
            types_without_worker=1,
        )
    )
    assert value(metrics, "codeforge_jobs", type="agent_task", state="waiting") == 3
    assert value(metrics, "codeforge_jobs", type="translate", state="active") == 1
    assert value(metrics, "codeforge_oldest_waiting_seconds", type="agent_task") == 12.5
    assert value(metrics, "codeforge_oldest_waiting_seconds", type="translate") == 0
    assert value(metrics, "codeforge_workers_alive") == 2
    assert value(metrics, "codeforge_job_types_without_worker") == 1
    metrics.cluster.set(ClusterNumbers(workers_alive=1))
    assert value(metrics, "codeforge_jobs", type="agent_task", state="waiting") == 0
    assert value(metrics, "codeforge_workers_alive") == 1


def test_a_store_call_is_counted_under_its_script() -> None:
    metrics = create_metrics()
    metrics.observe_store_call("claim", 0.0003)
    assert value(metrics, "codeforge_store_calls_seconds_count", script="claim") == 1
    assert value(metrics, "codeforge_store_calls_seconds_bucket", script="claim", le="0.0005") == 1


async def test_a_blocked_event_loop_is_seen() -> None:
    metrics = create_metrics()
    watch = asyncio.create_task(watch_event_loop(metrics, interval=0.01))
    await asyncio.sleep(0)  # the watch has to sleep before the loop is blocked
    time.sleep(0.15)
    lag = "codeforge_event_loop_lag_seconds"
    await wait_for(lambda: value(metrics, f"{lag}_count") > 0, within=5, what="a measurement")
    watch.cancel()
    assert value(metrics, f"{lag}_sum") >= 0.1


def test_ends_with_no_word_of_a_worker_are_counted_by_type_and_state() -> None:
    metrics = create_metrics()
    metrics.count_ended({"agent_task": {Status.FAILED: 2, Status.CANCELLED: 1}})
    finished = [
        metrics.registry.get_sample_value("codeforge_jobs_finished_total", {"type": "agent_task", "outcome": outcome})
        for outcome in OUTCOMES
    ]
    assert finished == [0, 2, 1]
