"""The worker, put together: wiring only."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from codeforge_common.handler import Handler
from codeforge_common.queue import Bell, Broker
from codeforge_common.reaper import Reaper
from codeforge_common.secrets import KeyRing, Redactor
from codeforge_common.store import Run, Served, Store
from codeforge_common.store.limits import limits_of
from codeforge_common.telemetry.metrics import Metrics, watch_event_loop
from codeforge_common.telemetry.readiness import Readiness
from codeforge_common.telemetry.tracing import Tracing
from codeforge_worker.accounts import Accounts
from codeforge_worker.availability import Availability
from codeforge_worker.blocking import ChildLimits
from codeforge_worker.claimer import Claimer
from codeforge_worker.consumer import RingConsumer
from codeforge_worker.heartbeat import Heartbeat
from codeforge_worker.last_resort import end_broken, end_outlived, end_process
from codeforge_worker.lease import Leases
from codeforge_worker.lifeline import Lifeline
from codeforge_worker.monitor import log_memory, log_queues, watch_broker, watch_connections
from codeforge_worker.owners import TaskOwners
from codeforge_worker.renewal import INTERVAL_SECONDS, Identity
from codeforge_worker.reporter import Reporter
from codeforge_worker.reports import LogLimits
from codeforge_worker.rules import Rules, Tools
from codeforge_worker.run_calls import RunCalls
from codeforge_worker.runner import Execution
from codeforge_worker.settings import WorkerSettings
from codeforge_worker.shutdown import RESCUE_ANSWER_SECONDS, RESCUE_REAP_SECONDS, Shutdown
from codeforge_worker.stall import StalledLoop
from codeforge_worker.step_keeper import StepLimits
from codeforge_worker.worker import Part, Worker

STORE_CONNECTIONS = 2
"""Of the event loop's store: one claims and settles while the other reports and reaps."""

LIFELINE_TIMEOUT_SECONDS = 1.0
"""What the server has to answer a renewal, so that one that hangs leaves time for another within the lease."""


def build_worker(
    settings: WorkerSettings,
    *,
    handlers: Mapping[str, Handler],
    scratch: Path,
    keyring: KeyRing,
    redactor: Redactor,
    tracing: Tracing,
    metrics: Metrics,
    readiness: Readiness,
    renew_seconds: float = INTERVAL_SECONDS,
) -> Worker:
    """A worker for the running event loop, not yet started. ``scratch``: a folder for workspaces."""
    connect = partial(
        Store.connect,
        settings.redis_url,
        namespace=settings.store_namespace,
        limits=limits_of(settings, settings, settings),
        tls_verify=settings.redis_tls_verify,
        tls_ca=None if settings.redis_tls_ca is None else str(settings.redis_tls_ca),
        observe=metrics.observe_store_call,
    )
    store = connect(max_connections=STORE_CONNECTIONS)
    identity = identity_of(handlers, lease_seconds=settings.job_lease_seconds)
    leases = Leases(slots=settings.worker_concurrency)
    availability = Availability(readiness)
    heartbeat = Heartbeat()
    owners = TaskOwners(asyncio.get_running_loop())
    broker = Broker.of(settings)
    bell = Bell(broker=broker, metrics=metrics)
    rules = rules_of(settings)
    tools = Tools(
        keyring=keyring,
        redactor=redactor,
        tracing=tracing,
        scratch=scratch,
        child_limits=ChildLimits(
            result_bytes=rules.result_bytes,
            step_bytes=rules.steps.result_bytes,
            steps=rules.steps.number,
            cancel_seconds=rules.cancel_seconds,
        ),
        calls=RunCalls(store=store, worker=identity.worker, availability=availability),
    )
    reporter = Reporter(
        store=store, worker=identity.worker, availability=availability, dropped=metrics.reports_dropped.inc
    )

    def prepare(runs: Sequence[Run], since: float, ring: str | None) -> Execution:
        return Execution(
            runs,
            handler=handlers[runs[0].type],
            since=since,
            ring=ring,
            tools=tools,
            rules=rules,
            owners=owners,
            wake=reporter.wake,
            ended=claimer.ended,
            stuck=worker.stuck,
        )

    claimer = Claimer(
        store=store,
        identity=identity,
        leases=leases,
        prepare=prepare,
        bell=bell,
        accounts=Accounts(metrics),
        availability=availability,
        idle_seconds=settings.worker_idle_poll_seconds,
    )
    consumer = RingConsumer(broker=broker, types=list(handlers), on_ring=claimer.rung, bell=bell, metrics=metrics)
    claimer.full = lambda full: consumer.pause() if full else consumer.resume()
    stalled = StalledLoop(
        worker=identity.worker,
        leases=leases,
        owners=owners,
        unsettled=claimer.unsettled,
        end_process=partial(end_process, 1),
    )
    lifeline = Lifeline(
        connect=partial(connect, max_connections=1, timeout=LIFELINE_TIMEOUT_SECONDS),
        identity=identity,
        leases=leases,
        availability=availability,
        readiness=readiness,
        heartbeat=heartbeat,
        renew_seconds=renew_seconds,
        stall_seconds=settings.worker_loop_stall_seconds,
        went_back=claimer.store_went_back,
        outlived=end_outlived,
        stalled=stalled.end,
        broken=end_broken,
    )
    shutdown = Shutdown(
        identity=identity,
        leases=leases,
        lifeline=lifeline,
        claimer=claimer,
        bell=bell,
        grace_seconds=settings.worker_grace_seconds,
        rescue=partial(stalled.rescue, reap_seconds=RESCUE_REAP_SECONDS, answer_seconds=RESCUE_ANSWER_SECONDS),
        end_process=end_process,
    )
    parts: list[Part] = [
        claimer.run,
        reporter.run,
        Reaper(store=store, bell=bell, metrics=metrics).run,
        partial(watch_event_loop, metrics),
        partial(watch_broker, bell=bell, consumer=consumer, readiness=readiness),
        partial(watch_connections, urls=(settings.redis_url, settings.broker_url), readiness=readiness),
        log_memory,
        *([partial(log_queues, store)] if settings.enable_queue_monitoring else []),
    ]
    worker = Worker(
        store=store,
        lifeline=lifeline,
        consumer=consumer,
        bell=bell,
        readiness=readiness,
        shutdown=shutdown,
        heartbeat=heartbeat,
        parts=parts,
        end_process=end_process,
    )
    return worker


def identity_of(handlers: Mapping[str, Handler], *, lease_seconds: float) -> Identity:
    """A fresh worker id, and what the worker serves. ``lease_seconds`` is for types that don't say."""
    serves = [
        Served(
            type=handler.name,
            lease_ms=round((handler.type.lease_seconds or lease_seconds) * 1000),
            batch=handler.type.batch,
            gather_ms=round(handler.gather_seconds * 1000),
        )
        for handler in handlers.values()
    ]
    types = [handler.type for handler in handlers.values()]
    return Identity(worker=secrets.token_hex(8), types=types, serves=serves)


def rules_of(settings: WorkerSettings) -> Rules:
    """What the settings ask of every run."""
    return Rules(
        backoff_first=settings.job_backoff_seconds,
        backoff_longest=settings.job_backoff_max_seconds,
        result_bytes=settings.job_result_max_bytes,
        output_bytes=settings.job_output_max_bytes,
        cancel_seconds=settings.worker_cancel_seconds,
        log=LogLimits(
            lines=settings.job_log_max_lines,
            bytes=settings.job_log_max_bytes,
            line_bytes=settings.job_log_line_max_bytes,
        ),
        steps=StepLimits(
            result_bytes=settings.job_step_result_max_bytes,
            number=settings.job_steps_max,
            bytes=settings.job_steps_max_bytes,
        ),
    )
