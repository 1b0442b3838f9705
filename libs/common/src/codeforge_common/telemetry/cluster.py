"""The cluster's state as metrics: numbers that the store keeps, the same from every process that shows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from threading import Lock

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from codeforge_common.job import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterNumbers:
    """One look at the whole installation. ``oldest_waiting_seconds`` is 0 for a type with no job waiting."""

    jobs: Mapping[str, Mapping[Status, int]] = field(default_factory=dict)
    oldest_waiting_seconds: Mapping[str, float] = field(default_factory=dict)
    workers_alive: int = 0
    types_without_worker: int = 0


class ClusterGauges(Collector):
    """Shows the last numbers that were set. Set by whoever reads the store; scraped from another thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._types: dict[str, None] = {}
        self._numbers = ClusterNumbers()

    def set(self, numbers: ClusterNumbers) -> None:
        """Replaces what is shown."""
        with self._lock:
            self._numbers = numbers

    def know(self, job_type: str) -> None:
        """Shows ``job_type`` with zeros as long as no numbers name it."""
        with self._lock:
            self._types[job_type] = None

    def collect(self) -> Iterator[Metric]:
        """The four families of the contract, section 3."""
        with self._lock:
            numbers, types = self._numbers, dict.fromkeys([*self._types, *self._numbers.jobs])
        jobs = GaugeMetricFamily("codeforge_jobs", "Jobs that are kept, by state.", labels=["type", "state"])
        oldest = GaugeMetricFamily(
            "codeforge_oldest_waiting_seconds", "Age of the job that has waited longest.", labels=["type"]
        )
        for job_type in types:
            for status in Status:
                jobs.add_metric([job_type, status], numbers.jobs.get(job_type, {}).get(status, 0))
            oldest.add_metric([job_type], numbers.oldest_waiting_seconds.get(job_type, 0))
        yield jobs
        yield oldest
        yield GaugeMetricFamily("codeforge_workers_alive", "Workers with a heartbeat.", value=numbers.workers_alive)
        yield GaugeMetricFamily(
            "codeforge_job_types_without_worker",
            "Job types that no living worker serves.",
            value=numbers.types_without_worker,
        )
