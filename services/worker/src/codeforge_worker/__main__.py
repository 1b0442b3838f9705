"""``python -m codeforge_worker``: one worker, until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import sys

import uvloop
from opentelemetry import trace

from codeforge_common.errors import ConfigurationError
from codeforge_common.garbage import expect_short_lives
from codeforge_common.secrets import KeyRing, Redactor
from codeforge_common.settings import load
from codeforge_common.stop_signals import StopSignals
from codeforge_common.store.scripts import NAMES
from codeforge_common.telemetry.logging import configure_logging
from codeforge_common.telemetry.metrics import create_metrics
from codeforge_common.telemetry.probe import ProbeServer
from codeforge_common.telemetry.readiness import Readiness
from codeforge_common.telemetry.tracing import Tracing
from codeforge_worker.app import build_worker
from codeforge_worker.registry import discover
from codeforge_worker.scratch import scratch_folder
from codeforge_worker.settings import WorkerSettings
from codeforge_worker.shutdown import GIVE_UP_SECONDS

SERVICE = "worker"


async def serve(signals: StopSignals) -> int:
    """Runs a worker with the settings of the environment; the exit code. Raises ConfigurationError."""
    settings = load(WorkerSettings)
    redactor = Redactor(settings.provider_keys)
    configure_logging(settings, service=SERVICE, redactor=redactor)
    handlers = discover(only=settings.worker_types)
    keyring = KeyRing.from_settings(settings)
    metrics = create_metrics(scripts=NAMES)
    for job_type in handlers:
        metrics.know(job_type)
    readiness = Readiness(["job_types"])
    tracing = Tracing(settings, service=SERVICE, redactor=redactor)
    # For the spans that handlers make themselves, as the agent does for each call of its model.
    trace.set_tracer_provider(tracing.provider)
    probe = ProbeServer(
        host=settings.metrics_host, port=settings.metrics_port, registry=metrics.registry, readiness=readiness
    )
    probe.start()
    try:
        with scratch_folder() as scratch:
            worker = build_worker(
                settings,
                handlers=handlers,
                scratch=scratch,
                keyring=keyring,
                redactor=redactor,
                tracing=tracing,
                metrics=metrics,
                readiness=readiness,
            )
            give_up_after = settings.worker_grace_seconds + GIVE_UP_SECONDS
            signals.heed(worker.stop, within=give_up_after, give_up=worker.give_up)
            expect_short_lives()
            return await worker.run()
    finally:
        probe.stop()
        tracing.shutdown()


def main() -> None:
    """Entry point."""
    try:
        with StopSignals() as signals, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            code = runner.run(serve(signals))
    except ConfigurationError as error:
        sys.exit(f"The worker can't start.\n{error}")
    sys.exit(code)


if __name__ == "__main__":
    main()
