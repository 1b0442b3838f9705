"""What is shown must be what prometheus_client's own histogram would show."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Histogram, generate_latest

from codeforge_common.telemetry.durations import Durations

BUCKETS = (0.005, 1, 60)


def shown(registry: CollectorRegistry) -> list[str]:
    return [line for line in generate_latest(registry).decode().splitlines() if "_created" not in line]


def test_it_is_shown_as_any_histogram() -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    durations = Durations("run_seconds", "How long.", labels=("type", "outcome"), buckets=BUCKETS)
    ours.register(durations)
    histogram = Histogram("run_seconds", "How long.", ("type", "outcome"), buckets=BUCKETS, registry=theirs)
    for job_type, seconds in [("a", 0.0), ("a", 0.005), ("a", 0.0051), ("b", 1.0), ("b", 59.0), ("b", 60.5)]:
        durations.labels(job_type, "failed").observe(seconds)
        histogram.labels(job_type, "failed").observe(seconds)
    assert shown(ours) == shown(theirs)


def test_a_series_is_shown_with_zeros_once_its_labels_are_named() -> None:
    registry = CollectorRegistry()
    durations = Durations("wait_seconds", "How long.", labels=("type",), buckets=BUCKETS)
    registry.register(durations)
    assert registry.get_sample_value("wait_seconds_count", {"type": "a"}) is None
    assert durations.labels("a") is durations.labels("a")
    assert registry.get_sample_value("wait_seconds_count", {"type": "a"}) == 0
    assert registry.get_sample_value("wait_seconds_bucket", {"type": "a", "le": "+Inf"}) == 0
