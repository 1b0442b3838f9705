"""``python -m codeforge_edge``: gateway and notifier in one process, with one store, one tail and one registry."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack

import structlog
import uvloop

from codeforge_common.errors import ConfigurationError
from codeforge_common.identity import Identity
from codeforge_common.queue import Bell, Broker
from codeforge_common.reaper import Reaper
from codeforge_common.secrets import KeyRing, Redactor
from codeforge_common.settings import load
from codeforge_common.store.scripts import NAMES
from codeforge_common.telemetry.logging import configure_logging
from codeforge_common.telemetry.metrics import create_metrics, watch_event_loop
from codeforge_common.telemetry.probe import ProbeServer
from codeforge_common.telemetry.readiness import Readiness
from codeforge_common.telemetry.tracing import Tracing
from codeforge_edge.app import build_app
from codeforge_edge.server import build_server
from codeforge_gateway import app as gateway
from codeforge_gateway.cluster_watch import CHECKS
from codeforge_gateway.server import listen
from codeforge_gateway.settings import GatewaySettings
from codeforge_gateway.store_access import check_durability, connect_store, create_tail
from codeforge_notifier import app as notifier
from codeforge_notifier.settings import NotifierSettings

SERVICE = "edge"

_log = structlog.get_logger("codeforge_edge")


async def serve(settings: GatewaySettings, sockets: NotifierSettings, *, redactor: Redactor) -> None:
    """Serves until a signal says stop. What both halves read is the same in both. Raises ConfigurationError."""
    identity = Identity(settings)
    identity.check_bind(settings.host)
    metrics = create_metrics(scripts=NAMES)
    readiness = Readiness(CHECKS)
    async with AsyncExitStack() as stack:
        tracing = Tracing(settings, service=SERVICE, redactor=redactor)
        stack.callback(tracing.shutdown)
        probe = ProbeServer(
            host=settings.metrics_host, port=settings.metrics_port, registry=metrics.registry, readiness=readiness
        )
        stack.callback(probe.stop)
        store = connect_store(settings, metrics=metrics)
        stack.push_async_callback(store.close)
        bell = Bell(broker=Broker.of(settings), metrics=metrics)
        stack.callback(bell.close)
        tail = create_tail(settings)
        http = gateway.build_app(
            settings=settings,
            store=store,
            tail=tail,
            bell=bell,
            metrics=metrics,
            readiness=readiness,
            identity=identity,
            keyring=KeyRing.from_settings(settings),
            tracing=tracing,
        )
        socketio = notifier.build_app(settings=sockets, tail=tail, identity=identity, metrics=metrics, tracing=tracing)
        await check_durability(store, settings)
        listener = listen(settings.host, settings.port)
        stack.callback(listener.close)
        probe.start()
        bell.start()
        await tail.start()
        stack.push_async_callback(tail.stop)
        for task in (
            asyncio.create_task(Reaper(store=store, bell=bell, metrics=metrics).run(), name="reaper"),
            asyncio.create_task(watch_event_loop(metrics), name="loop lag"),
        ):
            stack.callback(task.cancel)
        _log.info("edge listens", host=settings.host, port=listener.getsockname()[1])
        app = build_app(gateway=http, notifier=socketio)
        await build_server(app, end_streams=tail.stop, hang_up=socketio.hang_up).serve_on(listener)


def main() -> None:
    """Entry point."""
    try:
        settings, sockets = load(GatewaySettings), load(NotifierSettings)
        redactor = Redactor()
        configure_logging(settings, service=SERVICE, redactor=redactor)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings, sockets, redactor=redactor))
    except ConfigurationError as error:
        sys.exit(f"Edge can't start.\n{error}")


if __name__ == "__main__":
    main()
