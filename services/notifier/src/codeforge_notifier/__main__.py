"""``python -m codeforge_notifier``: the notifier as a process of its own."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack

import structlog
import uvloop

from codeforge_common.errors import ConfigurationError
from codeforge_common.event_log import EventTail
from codeforge_common.garbage import expect_short_lives
from codeforge_common.identity import Identity
from codeforge_common.secrets import Redactor
from codeforge_common.serving import listen
from codeforge_common.settings import load
from codeforge_common.stop_signals import StopSignals
from codeforge_common.store.limits import EVENT_LOG_BYTES
from codeforge_common.telemetry.logging import configure_logging
from codeforge_common.telemetry.metrics import create_metrics, watch_event_loop
from codeforge_common.telemetry.probe import ProbeServer
from codeforge_common.telemetry.readiness import Readiness
from codeforge_common.telemetry.tracing import Tracing
from codeforge_notifier.app import build_app
from codeforge_notifier.server import Server
from codeforge_notifier.settings import NotifierSettings
from codeforge_notifier.tail_watch import CHECKS, watch_tail

SERVICE = "notifier"

_log = structlog.get_logger(__name__)


async def serve(settings: NotifierSettings, *, redactor: Redactor, signals: StopSignals) -> None:
    """Serves until a signal says stop. Raises ConfigurationError."""
    identity = Identity(settings)
    identity.check_bind(settings.host)
    metrics = create_metrics()
    readiness = Readiness(CHECKS)
    async with AsyncExitStack() as stack:
        tracing = Tracing(settings, service=SERVICE, redactor=redactor)
        stack.callback(tracing.shutdown)
        probe = ProbeServer(
            host=settings.metrics_host, port=settings.metrics_port, registry=metrics.registry, readiness=readiness
        )
        stack.callback(probe.stop)
        tail = EventTail(
            settings.redis_url,
            namespace=settings.store_namespace,
            max_bytes=settings.event_log_max_bytes or EVENT_LOG_BYTES,
            tls_verify=settings.redis_tls_verify,
            tls_ca=None if settings.redis_tls_ca is None else str(settings.redis_tls_ca),
        )
        app = build_app(settings=settings, tail=tail, identity=identity, metrics=metrics, tracing=tracing)
        listener = listen(settings.host, settings.port)
        stack.callback(listener.close)
        probe.start()
        await tail.start()
        stack.push_async_callback(tail.stop)
        for task in (
            asyncio.create_task(watch_tail(tail, readiness), name="tail watch"),
            asyncio.create_task(watch_event_loop(metrics), name="loop lag"),
        ):
            stack.callback(task.cancel)
        _log.info("notifier listens", host=settings.host, port=listener.getsockname()[1])
        server = Server(app, hang_up=app.hang_up)
        signals.heed(server.stop)
        expect_short_lives()
        await server.serve(sockets=[listener])


def main() -> None:
    """Entry point."""
    try:
        settings = load(NotifierSettings)
        redactor = Redactor()
        configure_logging(settings, service=SERVICE, redactor=redactor)
        with StopSignals() as signals, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings, redactor=redactor, signals=signals))
    except ConfigurationError as error:
        sys.exit(f"The notifier can't start.\n{error}")


if __name__ == "__main__":
    main()
