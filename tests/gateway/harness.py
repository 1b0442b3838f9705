"""A gateway that serves real connections in the test's own event loop, and a worker that the test plays."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from codeforge_common.event_log import EventTail
from codeforge_common.identity import Identity
from codeforge_common.queue import Bell, Broker
from codeforge_common.secrets import KeyRing, Redactor
from codeforge_common.serving import listen
from codeforge_common.store import Outcome, OutcomeKind, Report, Run, Served, Store
from codeforge_common.store.scripts import NAMES
from codeforge_common.telemetry.metrics import Metrics, create_metrics
from codeforge_common.telemetry.readiness import Readiness
from codeforge_common.telemetry.tracing import Tracing
from codeforge_gateway.app import build_app, loops
from codeforge_gateway.background import serve_beside
from codeforge_gateway.cluster_watch import CHECKS
from codeforge_gateway.parts import Parts
from codeforge_gateway.server import Server
from codeforge_gateway.settings import GatewaySettings
from codeforge_gateway.store_access import connect_store, create_tail

TASK = {"userId": "ada", "sessionId": "s-1", "userMessage": "Analyse this repository"}
"""The smallest submit."""

UNFINISHED = "{call} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
Trickle = Callable[[asyncio.StreamWriter], Coroutine[Any, Any, None]]

WITHIN = 10.0
"""Seconds that a test waits for what should come at once."""


class RecordingBell(Bell):
    """A bell that rings for the test."""

    def __init__(self, *, broker: Broker, metrics: Metrics) -> None:
        super().__init__(broker=broker, metrics=metrics)
        self.rings: list[tuple[Mapping[str, int], str | None]] = []

    def ring(self, rings: Mapping[str, int], *, traceparent: str | None = None, forwarded: bool = False) -> None:
        if rings:
            self.rings.append((rings, traceparent))

    @property
    def connected(self) -> bool:
        return True


@dataclass
class Worker:
    """A worker with one slot at a time."""

    store: Store
    id: str = field(default_factory=lambda: secrets.token_hex(4))
    number: int = 0

    async def idle(self, type: str = "agent_task") -> None:
        """Announces a free slot."""
        await self.store.renew(
            worker=self.id,
            held=[],
            answered=self.number,
            free=1,
            serves=[Served(type=type, lease_ms=10_000)],
            digest="",
        )

    async def take(self, type: str = "agent_task") -> Run:
        """Claims the next job."""
        self.number += 1
        turn = await self.store.claim(
            worker=self.id, number=self.number, slots=1, serves=[Served(type=type, lease_ms=10_000)]
        )
        (run,) = turn.runs
        return run

    async def say(self, run: Run, number: int = 1, **report: Any) -> None:
        """Reports progress, a stage or lines."""
        await self.store.report(
            worker=self.id, reports=[Report(job_id=run.job_id, token=run.token, number=number, **report)]
        )

    async def end(self, run: Run, kind: OutcomeKind = OutcomeKind.COMPLETED, **outcome: Any) -> None:
        """Ends the run."""
        await self.store.settle(
            worker=self.id, outcomes=[Outcome(job_id=run.job_id, token=run.token, kind=kind, **outcome)]
        )

    async def complete(self, run: Run, result: Any = None) -> None:
        """Ends the run well."""
        await self.end(run, result=json.dumps(result))


@dataclass
class Gateway:
    """A running gateway and everything around it."""

    url: str
    client: httpx2.AsyncClient
    parts: Parts
    server: Server
    bell: RecordingBell
    spans_kept: InMemorySpanExporter

    @property
    def store(self) -> Store:
        return self.parts.store

    @property
    def tail(self) -> EventTail:
        return self.parts.tail

    def worker(self) -> Worker:
        return Worker(self.store)

    def spans(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans_kept.get_finished_spans() if span.name == name]

    async def submit(self, type: str = "agent-task", **changes: Any) -> str:
        """Submits a task; returns its id."""
        answer = await self.client.post(f"/api/jobs/{type}", json=TASK | changes)
        assert answer.status_code == 202, answer.text
        job_id: str = answer.json()["jobId"]
        return job_id

    async def unfinished(self, call: str, trickle: Trickle | None = None) -> tuple[bytes, Any]:
        """Makes a call whose body never comes to its end; ``trickle`` sends of it. The head and the JSON of the answer.

        Returns once the gateway has closed the connection.
        """
        host, _, port = self.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(UNFINISHED.format(call=call).encode())
        sending = asyncio.create_task((trickle or nothing)(writer))
        try:
            async with asyncio.timeout(WITHIN):
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0])
                document = json.loads(await reader.readexactly(length))
                with suppress(ConnectionError):  # what was sent after the answer is refused by the kernel
                    assert await reader.read() == b""
            return head, document
        finally:
            sending.cancel()
            writer.close()

    async def job(self, job_id: str) -> dict[str, Any]:
        """The job as the gateway shows it."""
        answer = await self.client.get(f"/api/jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        job: dict[str, Any] = answer.json()["job"]
        return job


async def nothing(writer: asyncio.StreamWriter) -> None:
    """Sends no body."""


def settings_for(redis_url: str, namespace: str, folder: Path, **changes: Any) -> GatewaySettings:
    """Settings of a gateway of the test's own."""
    given: dict[str, Any] = {
        "redis_url": redis_url,
        "store_namespace": namespace,
        "state_dir": folder,
        "metrics_public": True,
        "submit_rate_limit": 0,
        "chat_rate_limit": 0,
    }
    return GatewaySettings(**(given | changes))


@asynccontextmanager
async def running(settings: GatewaySettings) -> AsyncIterator[Gateway]:
    """A gateway with a store, a tail and a bell of its own, until the block ends."""
    metrics = create_metrics(scripts=NAMES)
    kept = InMemorySpanExporter()
    async with AsyncExitStack() as stack:
        tracing = Tracing(settings, service="gateway", redactor=Redactor(), processor=SimpleSpanProcessor(kept))
        stack.callback(tracing.shutdown)
        store = connect_store(settings, metrics=metrics)
        stack.push_async_callback(store.close)
        tail = create_tail(settings)
        await tail.start()
        stack.push_async_callback(tail.stop)
        bell = RecordingBell(broker=Broker.of(settings), metrics=metrics)
        app = build_app(
            settings=settings,
            store=store,
            tail=tail,
            bell=bell,
            metrics=metrics,
            readiness=Readiness(CHECKS),
            identity=Identity(settings),
            keyring=KeyRing.from_settings(settings),
            tracing=tracing,
        )
        listener = listen("127.0.0.1", 0)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = Server(app, end_streams=tail.stop)
        serving = asyncio.create_task(serve_beside(loops(app), server=server, listener=listener))
        client = await stack.enter_async_context(httpx2.AsyncClient(base_url=url, timeout=WITHIN))
        parts: Parts = app.state.parts
        stack.push_async_callback(parts.chat.close)
        await parts.types.restore()
        yield Gateway(url=url, client=client, parts=parts, server=server, bell=bell, spans_kept=kept)
        await client.aclose()
        server.should_exit = True
        await asyncio.wait_for(serving, WITHIN)
