"""``python -m codeforge_edge``: gateway and notifier in one process, with one store, one tail and one registry."""

from __future__ import annotations

import asyncio
import sys

import uvloop

from codeforge_common.errors import ConfigurationError
from codeforge_common.secrets import Redactor
from codeforge_common.settings import load
from codeforge_common.stop_signals import StopSignals
from codeforge_common.telemetry.logging import configure_logging
from codeforge_edge.app import build_app
from codeforge_edge.server import build_server
from codeforge_gateway.background import BackgroundFailed
from codeforge_gateway.process import opened
from codeforge_gateway.settings import GatewaySettings
from codeforge_notifier import app as notifier
from codeforge_notifier.settings import NotifierSettings

SERVICE = "edge"


async def serve(
    settings: GatewaySettings, sockets: NotifierSettings, *, redactor: Redactor, signals: StopSignals
) -> None:
    """Serves until a signal says stop. What both halves read is the same in both.

    Raises ConfigurationError, BackgroundFailed.
    """
    async with opened(settings, service=SERVICE, redactor=redactor) as process:
        parts = process.parts
        socketio = notifier.build_app(
            settings=sockets,
            tail=parts.tail,
            identity=parts.identity,
            metrics=parts.metrics,
            tracing=parts.tracing,
        )
        app = build_app(gateway=process.app, notifier=socketio)
        server = build_server(app, end_streams=parts.tail.stop, hang_up=socketio.hang_up)
        signals.heed(server.stop)
        await process.serve(server)


def main() -> None:
    """Entry point."""
    try:
        settings, sockets = load(GatewaySettings), load(NotifierSettings)
        redactor = Redactor()
        configure_logging(settings, service=SERVICE, redactor=redactor)
        with StopSignals() as signals, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings, sockets, redactor=redactor, signals=signals))
    except ConfigurationError as error:
        sys.exit(f"Edge can't start.\n{error}")
    except BackgroundFailed:
        sys.exit(1)


if __name__ == "__main__":
    main()
