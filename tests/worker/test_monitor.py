from __future__ import annotations

import asyncio
import re
import socket
from types import SimpleNamespace
from typing import Any, cast

from structlog.testing import capture_logs

from codeforge_common.errors import StoreUnavailable
from codeforge_common.job import Status
from codeforge_common.queue import Bell
from codeforge_common.store import ClusterState, Store, TypeState
from codeforge_common.telemetry.readiness import Readiness
from codeforge_worker.consumer import RingConsumer
from codeforge_worker.monitor import log_memory, log_queues, watch_broker, watch_connections
from tests.plugins.waiting import wait_for


async def test_the_memory_line_is_the_contract_s() -> None:
    with capture_logs() as lines:
        logging = asyncio.create_task(log_memory(interval=0.01))
        await wait_for(lambda: len(lines) >= 2, within=30, what="two lines")
        logging.cancel()
    assert re.fullmatch(r"Memory rss=\d+\.\d MiB", lines[0]["event"])


async def test_queues_are_told_type_by_type_and_an_outage_is_skipped() -> None:
    state = TypeState(
        type="echo", counts=dict.fromkeys(Status, 0) | {Status.WAITING: 3}, oldest_waiting_ms=1500, workers=2
    )
    answers: list[Any] = [StoreUnavailable(), ClusterState(types=[state], workers_alive=2)]

    async def cluster() -> ClusterState:
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return cast(ClusterState, answer)

    with capture_logs() as lines:
        logging = asyncio.create_task(log_queues(cast(Store, SimpleNamespace(cluster=cluster)), interval=0.01))
        await wait_for(lambda: bool(lines), within=30, what="a line")
        logging.cancel()
    assert lines[0]["event"] == "Queue"
    assert (lines[0]["type"], lines[0]["waiting"], lines[0]["active"], lines[0]["workers"]) == ("echo", 3, 0, 2)
    assert lines[0]["oldest_waiting_seconds"] == 1.5


async def test_readiness_names_what_is_not_connected() -> None:
    bell, consumer = SimpleNamespace(connected=True), SimpleNamespace(connected=False)
    readiness = Readiness()
    watching = asyncio.create_task(
        watch_broker(bell=cast(Bell, bell), consumer=cast(RingConsumer, consumer), readiness=readiness, interval=0.01)
    )
    expected = {"ok": False, "detail": "not connected: consumer"}
    await wait_for(lambda: readiness.report()[1].get("broker") == expected, within=30, what="the bad news")
    consumer.connected = True
    await wait_for(lambda: readiness.report()[0], within=30, what="the good news")
    watching.cancel()


async def test_readiness_tells_the_connections_taken() -> None:
    readiness = Readiness()
    # A server that nobody else knows: of the session's, other tests' connections come and go.
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"redis://127.0.0.1:{server.getsockname()[1]}"
        watching = asyncio.create_task(watch_connections(urls=[url], readiness=readiness, interval=0.01))

        def told(number: int) -> bool:
            check = readiness.report()[1].get("connections")
            return check is not None and check["detail"] == {"own": number}

        await wait_for(lambda: told(0), within=30, what="no connection")
        with socket.create_connection(server.getsockname()):
            await wait_for(lambda: told(1), within=30, what="a connection")
        watching.cancel()
