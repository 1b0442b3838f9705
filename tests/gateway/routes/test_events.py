from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from codeforge_common.store import OutcomeKind
from codeforge_gateway import event_stream
from tests.gateway.conftest import Start
from tests.gateway.harness import TASK, WITHIN, Gateway
from tests.plugins.waiting import wait_for


@dataclass
class Seen:
    """An event as a browser sees it."""

    event: str = "message"
    data: str = ""
    id: str = ""


class Stream:
    """One client of a stream."""

    def __init__(self, response: Any) -> None:
        self._events = self._parsed(response.aiter_lines())
        self._first: list[Seen] = []

    async def _parsed(self, lines: AsyncIterator[str]) -> AsyncIterator[Seen | None]:
        """Events by WHATWG HTML, section 9.2.6; None for a comment."""
        fields: dict[str, str] = {}
        async for line in lines:
            name, _, value = line.partition(":")
            if name:
                fields[name] = value.removeprefix(" ")
            elif line:
                yield None
            elif "data" in fields:
                yield Seen(**fields)
                fields = {}

    async def begin(self) -> None:
        """Reads until the first comment, with which the present state ends."""
        async with asyncio.timeout(WITHIN):
            async for event in self._events:
                if event is None:
                    return
                self._first.append(event)

    async def next(self) -> Seen:
        """The next event."""
        if self._first:
            return self._first.pop(0)
        async with asyncio.timeout(WITHIN):
            while (event := await anext(self._events)) is None:
                pass
        return event

    async def update(self) -> dict[str, Any]:
        event = await self.next()
        assert event.event == "job:update"
        update: dict[str, Any] = json.loads(event.data)
        return update

    async def rest(self) -> list[dict[str, Any]]:
        """All updates until the server ends the stream."""
        async with asyncio.timeout(WITHIN):
            return [json.loads(event.data) async for event in self._events if event is not None]

    async def until(self, status: str) -> list[dict[str, Any]]:
        """All updates up to the one with this status."""
        updates = [await self.update()]
        while updates[-1]["status"] != status:
            updates.append(await self.update())
        return updates


@asynccontextmanager
async def opened(gateway: Gateway, path: str, **options: Any) -> AsyncIterator[Stream]:
    async with gateway.client.stream("GET", path, **options) as response:
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        stream = Stream(response)
        await stream.begin()
        yield stream


async def settled(gateway: Gateway) -> str:
    """The log's newest position, once the tail has reached it."""
    cursor = (await gateway.store.page("ada")).cursor
    await wait_for(lambda: gateway.tail.cursor == cursor, within=WITHIN, what="the tail")
    return cursor


async def test_a_job_is_followed_from_its_present_state_to_its_end(gateway: Gateway) -> None:
    job_id = await gateway.submit()
    await settled(gateway)
    worker = gateway.worker()
    async with opened(gateway, f"/api/jobs/{job_id}/events") as stream:
        first = await stream.next()
        run = await worker.take()
        await worker.say(run, progress=50, stage="Reading")
        await worker.complete(run, {"ok": True})
        updates = [json.loads(first.data), *await stream.until("completed")]

    assert [(update["seq"], update["status"], update["progress"]) for update in updates] == [
        (1, "waiting", 0),
        (2, "active", 0),
        (3, "active", 50),
        (4, "completed", 100),
    ]
    assert {update["jobId"] for update in updates} == {job_id}
    assert updates[-1]["result"] == {"ok": True}
    assert first.id


async def test_the_present_state_has_the_shape_of_every_other_update(gateway: Gateway) -> None:
    job_id = await gateway.submit()
    await settled(gateway)
    async with opened(gateway, f"/api/jobs/{job_id}/events") as stream:
        present = await stream.update()
        await gateway.client.delete(f"/api/jobs/{job_id}")
        live = await stream.update()
    assert list(present) == list(live)
    assert {name: type(value) for name, value in present.items() if value is not None}.items() <= {
        name: type(value) for name, value in live.items()
    }.items()
    same = ("jobId", "sessionId", "userId", "type", "title", "attemptsMax", "createdAt")
    assert [present[name] for name in same] == [live[name] for name in same]


async def test_last_event_id_replays_what_was_missed_and_nothing_else(gateway: Gateway) -> None:
    job_id = await gateway.submit()
    cursor = await settled(gateway)
    worker = gateway.worker()
    run = await worker.take()
    await worker.say(run, progress=10)
    await settled(gateway)

    for options in ({"headers": {"Last-Event-ID": cursor}}, {"params": {"since": cursor}}):
        async with opened(gateway, f"/api/jobs/{job_id}/events", **options) as stream:
            missed = [await stream.next() for _ in range(2)]
        assert [json.loads(event.data)["seq"] for event in missed] == [2, 3]
        async with opened(gateway, "/api/events?userId=ada", headers={"Last-Event-ID": missed[0].id}) as stream:
            assert (await stream.update())["seq"] == 3


async def test_a_cursor_that_cant_be_honoured_resets(gateway: Gateway) -> None:
    job_id = await gateway.submit()
    await settled(gateway)
    async with opened(gateway, f"/api/jobs/{job_id}/events?since=1-0:0") as stream:
        assert (await stream.next()).event == "reset"
        assert (await stream.update())["seq"] == 1


async def test_a_stream_of_all_begins_with_every_unfinished_job_and_the_newest_others(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("codeforge_gateway.routes.events.NEWEST_OTHERS", 2)
    old = await gateway.submit(userMessage="unfinished")
    for number in range(3):
        await gateway.client.delete(f"/api/jobs/{await gateway.submit(userMessage=f'finished {number}')}")
    await gateway.submit(userId="grace")
    await settled(gateway)

    async with opened(gateway, "/api/events", headers={"X-User-Id": "ada"}) as stream:
        events = [await stream.next() for _ in range(3)]
        await gateway.submit(userId="grace")
        await gateway.client.delete(f"/api/jobs/{old}")
        live = await stream.update()

    shown = [json.loads(event.data)["title"] for event in events]
    assert shown == ["finished 2", "finished 1", "unfinished"]
    assert (live["jobId"], live["status"]) == (old, "cancelled")
    assert [bool(event.id) for event in events] == [False, False, True], "a client cut off between them begins anew"


async def test_a_long_result_is_abridged_in_the_present_state(gateway: Gateway) -> None:
    job_id = await gateway.submit()
    worker = gateway.worker()
    run = await worker.take()
    await worker.end(run, result=json.dumps("x" * 9000), abridged='{"truncated":true}')
    await settled(gateway)
    async with opened(gateway, f"/api/jobs/{job_id}/events") as stream:
        assert (await stream.update())["result"] == {"truncated": True}


async def test_nobody_elses_events_come(gateway: Gateway) -> None:
    async with opened(gateway, "/api/events", headers={"X-User-Id": "ada"}) as stream:
        await gateway.submit(userId="grace")
        mine = await gateway.submit(userId="ada")
        assert (await stream.update())["jobId"] == mine


async def test_a_stream_of_all_needs_a_name(gateway: Gateway) -> None:
    answer = await gateway.client.get("/api/events")
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"path": "userId", "message": "is required"}]


async def test_a_user_has_no_more_streams_than_allowed(start: Start) -> None:
    gateway = await start(streams_per_user=2)
    job_id = await gateway.submit()
    ada = {"X-User-Id": "ada"}
    async with opened(gateway, "/api/events", headers=ada):
        async with opened(gateway, f"/api/jobs/{job_id}/events", headers=ada):
            for path in ("/api/events", f"/api/jobs/{job_id}/events"):
                answer = await gateway.client.get(path, headers=ada)
                assert (answer.status_code, answer.json()["code"]) == (429, "too_many_streams")
                assert int(answer.headers["Retry-After"]) >= 1
                assert "RateLimit" not in answer.headers
            async with opened(gateway, "/api/events", headers={"X-User-Id": "grace"}):
                pass
            async with opened(gateway, f"/api/jobs/{job_id}/events"):
                pass
        await wait_for(
            lambda: gateway.parts.streams._of_user["ada"] == 1, within=WITHIN, what="the closed stream's end"
        )
        async with opened(gateway, "/api/events", headers=ada):
            pass
    await wait_for(lambda: not gateway.parts.streams._of_user, within=WITHIN, what="the end of all")


async def test_silence_is_broken_by_a_comment(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    assert event_stream.PING_SECONDS < 30
    monkeypatch.setattr(event_stream, "PING_SECONDS", 0.05)
    pings = 0
    async with gateway.client.stream("GET", "/api/events?userId=ada") as response, asyncio.timeout(WITHIN):
        async for line in response.aiter_lines():
            pings += line.startswith(":")
            if pings == 3:
                break
    assert response.headers["cache-control"] == "no-store"


async def test_a_client_that_goes_away_leaves_nothing(gateway: Gateway) -> None:
    async with opened(gateway, "/api/events?userId=ada"):
        pass
    await wait_for(lambda: not gateway.tail._feed.subscriptions, within=WITHIN, what="the subscription's end")
    await wait_for(lambda: not gateway.server.server_state.tasks, within=WITHIN, what="the request's end")


async def test_streams_end_when_the_service_stops(gateway: Gateway) -> None:
    async with opened(gateway, "/api/events?userId=ada") as stream:
        gateway.server.should_exit = True
        with pytest.raises(StopAsyncIteration):
            await stream.next()


async def test_a_client_slower_than_the_log_turns_over_is_let_go(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway.tail._feed.memory, "_max_bytes", 1_000_000)
    worker = gateway.worker()
    updates = 500
    async with opened(gateway, "/api/events?userId=ada") as stream:
        job_id = await gateway.submit()
        run = await worker.take()
        for number in range(1, updates):
            await worker.say(run, number, stage=f"{number} " + "y" * 100_000)
        seen = [update["seq"] for update in await stream.rest()]
    assert seen == list(range(1, len(seen) + 1)), "what it got was in order and without a gap"
    assert len(seen) < updates

    async with opened(gateway, f"/api/jobs/{job_id}/events") as stream:
        assert (await stream.update())["seq"] > seen[-1]


async def test_a_failed_job_shows_its_error(gateway: Gateway) -> None:
    await gateway.client.post("/api/jobs/agent-task", json=TASK)
    worker = gateway.worker()
    run = await worker.take()
    await worker.end(run, OutcomeKind.FAILED, reason="model_not_configured: set AGENT_MODEL")
    await settled(gateway)
    async with opened(gateway, f"/api/jobs/{run.job_id}/events") as stream:
        assert (await stream.update())["error"] == "model_not_configured: set AGENT_MODEL"
