"""The metrics of the contract (section 3): their names, labels and buckets, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics

from codeforge_common.job import BUILT_IN_TYPES, TERMINAL, RetryReason, Status
from codeforge_common.telemetry.cluster import ClusterGauges
from codeforge_common.telemetry.durations import Durations

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 1800, 3600)
"""Seconds. One set for all: a ring within milliseconds and a job of an hour are told apart in the same picture."""

LAG_INTERVAL_SECONDS = 0.5
"""How often the event loop's lag is measured."""


class ClaimCause(StrEnum):
    """Why a worker looked for work."""

    START = "start"
    RING = "ring"
    FINISH = "finish"
    IDLE = "idle"
    GATHERED = "gathered"
    """A batch has waited for more jobs for as long as it may."""


class RingResult(StrEnum):
    """What became of a ring: sent, sent on by a worker with no free slot, refused by the broker, or never tried."""

    SENT = "sent"
    FORWARDED = "forwarded"
    FAILED = "failed"
    DROPPED = "dropped"


class ReplayResult(StrEnum):
    """Whether a join's cursor could be honoured."""

    REPLAYED = "replayed"
    RESET = "reset"


class ChatOutcome(StrEnum):
    """What became of a message in the foreground: answered by the model or by rules, or sent on to the background;
    or why there was no answer. ``gone``: the client didn't wait for it.
    """

    ANSWERED = "answered"
    RULES = "rules"
    WORK = "work"
    UNAVAILABLE = "unavailable"
    REFUSED = "refused"
    NOT_SUPPORTED = "not_supported"
    TOO_SLOW = "too_slow"
    LIMITED = "limited"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """The metrics of one process, handed to whoever counts. Labels are the arguments of ``labels()``."""

    registry: CollectorRegistry
    cluster: ClusterGauges
    jobs_submitted: Counter
    jobs_finished: Counter
    job_retries: Counter
    job_wait_seconds: Durations
    job_run_seconds: Durations
    crashes: Counter
    fenced: Counter
    jobs_vanished: Counter
    reports_dropped: Counter
    rings: Counter
    claims: Counter
    store_calls_seconds: Histogram
    event_loop_lag_seconds: Histogram
    sockets: Gauge
    events_sent: Counter
    replays: Counter
    event_delivery_seconds: Histogram
    chats: Counter
    chat_seconds: Histogram

    def know(self, job_type: str) -> None:
        """Shows every series of ``job_type`` with zeros, so that its first job is a rise and not a birth."""
        self.cluster.know(job_type)
        self.jobs_submitted.labels(type=job_type)
        self.job_wait_seconds.labels(job_type)
        self.crashes.labels(type=job_type)
        for outcome in TERMINAL:
            self.jobs_finished.labels(type=job_type, outcome=outcome)
            self.job_run_seconds.labels(job_type, outcome)
        for reason in RetryReason:
            self.job_retries.labels(type=job_type, reason=reason)

    def count_ended(self, ended: Mapping[str, Mapping[Status, int]]) -> None:
        """Counts jobs that came to rest with no word of a worker, by type and state."""
        for job_type, states in ended.items():
            for state, count in states.items():
                self.jobs_finished.labels(type=job_type, outcome=state).inc(count)

    def observe_store_call(self, script: str, seconds: float) -> None:
        """Counts one call of a script; the store's ``observe``."""
        self.store_calls_seconds.labels(script=script).observe(seconds)


def create_metrics(*, scripts: Iterable[str] = ()) -> Metrics:
    """Fresh metrics in a registry of their own, with zeros for the built-in job types and for the store's ``scripts``.

    Whoever meets another job type says so with :meth:`Metrics.know`.
    """
    disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, which nobody asks for
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    cluster = ClusterGauges()
    registry.register(cluster)

    def counter(name: str, text: str, *labels: str) -> Counter:
        return Counter(f"codeforge_{name}", text, labels, registry=registry)

    def histogram(name: str, text: str, *labels: str) -> Histogram:
        return Histogram(f"codeforge_{name}", text, labels, registry=registry, buckets=BUCKETS)

    def durations(name: str, text: str, *labels: str) -> Durations:
        made = Durations(f"codeforge_{name}", text, labels=labels, buckets=BUCKETS)
        registry.register(made)
        return made

    metrics = Metrics(
        registry=registry,
        cluster=cluster,
        jobs_submitted=counter("jobs_submitted", "Submits that were accepted.", "type"),
        jobs_finished=counter("jobs_finished", "Jobs that came to rest.", "type", "outcome"),
        job_retries=counter("job_retries", "Further attempts that were granted.", "type", "reason"),
        job_wait_seconds=durations("job_wait_seconds", "From claimable to claimed.", "type"),
        job_run_seconds=durations("job_run_seconds", "From claimed to the attempt's end.", "type", "outcome"),
        crashes=counter("crashes", "Leases that expired: workers lost with a job.", "type"),
        fenced=counter("fenced", "Writes refused because another run holds the job."),
        jobs_vanished=counter("jobs_vanished", "Running jobs that the store didn't know any more."),
        reports_dropped=counter("reports_dropped", "Progress and log lines that a full store refused."),
        rings=counter("rings", "Rings by what became of them.", "result"),
        claims=counter("claims", "Claims that took work, by what made the worker look.", "cause"),
        store_calls_seconds=histogram("store_calls_seconds", "Round trips of the store's scripts.", "script"),
        event_loop_lag_seconds=histogram("event_loop_lag_seconds", "How late the event loop wakes a sleeper."),
        sockets=Gauge("codeforge_sockets", "Open Socket.IO connections.", registry=registry),
        events_sent=counter("events_sent", "Updates sent to sockets."),
        replays=counter("replays", "Joins with a cursor, by whether it was honoured.", "result"),
        event_delivery_seconds=histogram("event_delivery_seconds", "From the change in the store to the socket."),
        chats=counter("chats", "Messages of the chat in the foreground, by what became of them.", "outcome"),
        chat_seconds=histogram("chat_seconds", "From a message of the chat to the end of its answer."),
    )
    for job_type in BUILT_IN_TYPES:
        metrics.know(job_type.name)
    for script in scripts:
        metrics.store_calls_seconds.labels(script=script)
    for family, label, values in (
        (metrics.rings, "result", RingResult),
        (metrics.claims, "cause", ClaimCause),
        (metrics.replays, "result", ReplayResult),
        (metrics.chats, "outcome", ChatOutcome),
    ):
        for value in values:
            family.labels(**{label: value})
    return metrics


async def watch_event_loop(metrics: Metrics, *, interval: float = LAG_INTERVAL_SECONDS) -> None:
    """Measures how late the running loop wakes a sleeper, until cancelled. ``interval`` in seconds."""
    clock = asyncio.get_running_loop().time
    while True:
        due = clock() + interval
        await asyncio.sleep(interval)
        metrics.event_loop_lag_seconds.observe(max(0.0, clock() - due))
