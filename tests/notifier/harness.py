"""A notifier that serves real connections in the test's own event loop, a log to write to, and clients."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import socketio
from joserfc import jwt
from joserfc.jwk import OctKey
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import generate_latest
from redis.asyncio import Redis

from codeforge_common.event_log import EventTail
from codeforge_common.identity import Identity
from codeforge_common.secrets import Redactor
from codeforge_common.serving import listen
from codeforge_common.store.limits import EVENT_LOG_BYTES
from codeforge_common.telemetry.metrics import Metrics, create_metrics
from codeforge_common.telemetry.tracing import Tracing
from codeforge_notifier.app import NotifierApp, build_app
from codeforge_notifier.server import Server
from codeforge_notifier.settings import NotifierSettings
from tests.common.event_log.writer import Change, LogWriter
from tests.plugins.waiting import wait_for

WITHIN = 10.0
"""Seconds that a test waits for what should come at once."""

JWT_SECRET = "a-secret-of-the-tests-with-32-bytes!"


def token_for(user: str, **claims: Any) -> str:
    """A token as the panel's backend would sign it."""
    return jwt.encode({"alg": "HS256"}, {"sub": user, "exp": 4_000_000_000, **claims}, OctKey.import_key(JWT_SECRET))


@dataclass
class Client:
    """python-socketio's client. It notes every ``job:update``, and each reason why it was disconnected."""

    socket: socketio.AsyncClient
    updates: list[dict[str, Any]] = field(default_factory=list)
    disconnects: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.socket.on("job:update", self.updates.append)
        self.socket.on("disconnect", self.disconnects.append)

    @property
    def seqs(self) -> list[int]:
        return [update["seq"] for update in self.updates]

    async def ask(self, event: str, payload: Any) -> dict[str, Any]:
        """Sends with an acknowledgement; its answer."""
        answer: dict[str, Any] = await self.socket.call(event, payload, timeout=WITHIN)
        return answer

    async def has(self, *seqs: int) -> None:
        """Waits for exactly these updates, in order."""
        await wait_for(lambda: len(self.updates) >= len(seqs), within=WITHIN, what=f"updates {seqs}, got {self.seqs}")
        assert self.seqs == list(seqs)


@dataclass
class Notifier:
    """A running notifier and what it reads."""

    url: str
    app: NotifierApp
    server: Server
    tail: EventTail
    writer: LogWriter
    metrics: Metrics
    spans: InMemorySpanExporter
    stack: AsyncExitStack

    async def connect(
        self, *, transport: str = "websocket", auth: Any = None, reconnection: bool = False, **options: Any
    ) -> Client:
        """A connected client, which goes with the test."""
        client = Client(socketio.AsyncClient(reconnection=reconnection, **options))
        self.stack.push_async_callback(client.socket.shutdown)
        await client.socket.connect(self.url, auth=auth, transports=[transport])
        return client

    async def refusal(self, **options: Any) -> dict[str, Any]:
        """What a client is told that may not connect; options as for :meth:`connect`."""
        reasons: list[dict[str, Any]] = []
        transport, auth = options.get("transport", "websocket"), options.get("auth")
        socket = socketio.AsyncClient(reconnection=False)
        socket.on("connect_error", reasons.append)
        self.stack.push_async_callback(socket.shutdown)
        with pytest.raises(socketio.exceptions.ConnectionError):
            await socket.connect(self.url, auth=auth, transports=[transport])
        (reason,) = reasons
        return reason

    async def append(self, *seqs: int, user: str = "ada", **change: Any) -> str:
        """One entry a number; the last one's id."""
        id = ""
        for seq in seqs:
            id = await self.writer.append(Change(user=user, seq=seq, **change))
        return id

    def metric(self, line: str) -> float:
        """The value of a series, by its whole name with labels."""
        for shown in generate_latest(self.metrics.registry).decode().splitlines():
            if shown.startswith(f"{line} "):
                return float(shown.rpartition(" ")[2])
        raise AssertionError(f"no series {line}")


@asynccontextmanager
async def running(settings: NotifierSettings) -> AsyncIterator[Notifier]:
    """A notifier as ``python -m codeforge_notifier`` composes it, without its probes."""
    async with AsyncExitStack() as stack:
        metrics = create_metrics()
        spans = InMemorySpanExporter()
        tracing = Tracing(settings, service="notifier", redactor=Redactor(), processor=SimpleSpanProcessor(spans))
        stack.callback(tracing.shutdown)
        redis = Redis.from_url(settings.redis_url)
        stack.push_async_callback(redis.aclose)
        tail = EventTail(
            settings.redis_url,
            namespace=settings.store_namespace,
            max_bytes=settings.event_log_max_bytes or EVENT_LOG_BYTES,
        )
        await tail.start()
        stack.push_async_callback(tail.stop)
        app = build_app(settings=settings, tail=tail, identity=Identity(settings), metrics=metrics, tracing=tracing)
        server = Server(app, hang_up=app.hang_up)
        listener = listen("127.0.0.1", 0)
        port = listener.getsockname()[1]
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await wait_for(lambda: server.started, within=WITHIN, what="the server")
        clients = AsyncExitStack()
        try:
            async with clients:
                yield Notifier(
                    url=f"http://127.0.0.1:{port}",
                    app=app,
                    server=server,
                    tail=tail,
                    writer=LogWriter(redis, namespace=settings.store_namespace),
                    metrics=metrics,
                    spans=spans,
                    stack=clients,
                )
        finally:
            server.should_exit = True
            await asyncio.wait_for(serving, WITHIN)


def settings_for(redis_url: str, namespace: str, **changes: Any) -> NotifierSettings:
    """Settings of a test, whatever the environment says."""
    return NotifierSettings(redis_url=redis_url, store_namespace=namespace, **changes)
