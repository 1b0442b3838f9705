"""A connection that comes at the worst moment."""

from __future__ import annotations

import asyncio

from codeforge_common.serving import OrderlyStop


class Latecomer:
    """A connection that is accepted when the server has asked all others to close."""

    def __init__(self) -> None:
        self.server: OrderlyStop
        self.sent_away = asyncio.Event()

    async def come(self) -> None:
        """For what the server awaits once nobody new is let in; returns when the connection has been sent away."""
        self.server.server_state.connections.add(self)
        async with asyncio.timeout(30):
            await self.sent_away.wait()

    def shutdown(self) -> None:
        """As a protocol of uvicorn has it."""
        self.sent_away.set()
        self.server.server_state.connections.discard(self)
