"""What a process that serves the gateway opens and closes: alone, or in edge together with the notifier."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog
from fastapi import FastAPI

from codeforge_common.garbage import expect_short_lives
from codeforge_common.identity import Identity
from codeforge_common.queue import Bell, Broker
from codeforge_common.reaper import Reaper
from codeforge_common.secrets import KeyRing, Redactor
from codeforge_common.serving import listen
from codeforge_common.store.scripts import NAMES
from codeforge_common.telemetry.metrics import create_metrics, watch_event_loop
from codeforge_common.telemetry.probe import ProbeServer
from codeforge_common.telemetry.readiness import Readiness
from codeforge_common.telemetry.tracing import Tracing
from codeforge_gateway.app import build_app, loops
from codeforge_gateway.background import Serving, serve_beside
from codeforge_gateway.cluster_watch import CHECKS
from codeforge_gateway.parts import Parts
from codeforge_gateway.settings import GatewaySettings
from codeforge_gateway.store_access import check_durability, connect_store, create_tail

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """The gateway's application with everything open that it works with. ``parts`` may be shared."""

    service: str
    app: FastAPI
    parts: Parts
    listener: socket.socket

    async def serve(self, server: Serving) -> None:
        """Serves until a signal says stop, the reaper and the watches beside it. Raises BackgroundFailed."""
        parts = self.parts
        host, port = parts.settings.host, self.listener.getsockname()[1]
        _log.info(f"{self.service} listens", host=host, port=port)
        beside = {
            **loops(self.app),
            "reaper": Reaper(store=parts.store, bell=parts.bell, metrics=parts.metrics).run(),
            "loop lag": watch_event_loop(parts.metrics),
        }
        expect_short_lives()
        await serve_beside(beside, server=server, listener=self.listener)


@asynccontextmanager
async def opened(settings: GatewaySettings, *, service: str, redactor: Redactor) -> AsyncIterator[Process]:
    """A process called ``service``, until the block ends. Raises ConfigurationError."""
    identity = Identity(settings)
    identity.check_bind(settings.host)
    metrics = create_metrics(scripts=NAMES)
    readiness = Readiness(CHECKS)
    async with AsyncExitStack() as stack:
        tracing = Tracing(settings, service=service, redactor=redactor)
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
        app = build_app(
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
        stack.push_async_callback(app.state.parts.chat.close)
        await check_durability(store, settings)
        listener = listen(settings.host, settings.port)
        stack.callback(listener.close)
        probe.start()
        bell.start()
        await tail.start()
        stack.push_async_callback(tail.stop)
        yield Process(service=service, app=app, parts=app.state.parts, listener=listener)
