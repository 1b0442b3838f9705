"""``python -m codeforge_gateway``: the gateway as a process of its own."""

from __future__ import annotations

import asyncio
import sys

import uvloop

from codeforge_common.errors import ConfigurationError
from codeforge_common.secrets import Redactor
from codeforge_common.settings import load
from codeforge_common.stop_signals import StopSignals
from codeforge_common.telemetry.logging import configure_logging
from codeforge_gateway.background import BackgroundFailed
from codeforge_gateway.process import opened
from codeforge_gateway.server import Server
from codeforge_gateway.settings import GatewaySettings

SERVICE = "gateway"


async def serve(settings: GatewaySettings, *, redactor: Redactor, signals: StopSignals) -> None:
    """Serves until a signal says stop. Raises ConfigurationError, BackgroundFailed."""
    async with opened(settings, service=SERVICE, redactor=redactor) as process:
        server = Server(process.app, end_streams=process.parts.tail.stop)
        signals.heed(server.stop)
        await process.serve(server)


def main() -> None:
    """Entry point."""
    try:
        settings = load(GatewaySettings)
        redactor = Redactor()
        configure_logging(settings, service=SERVICE, redactor=redactor)
        with StopSignals() as signals, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings, redactor=redactor, signals=signals))
    except ConfigurationError as error:
        sys.exit(f"The gateway can't start.\n{error}")
    except BackgroundFailed:
        sys.exit(1)


if __name__ == "__main__":
    main()
