"""Lesson 2. A job is watched while it runs, over Socket.IO or Server-Sent Events.

Every change of a job appends an event to a log in the store, in the same atomic step. The notifier (Socket.IO) and the
gateway (Server-Sent Events) read that log. An event is the job's whole state with two numbers: ``seq`` counts the
changes of this job, ``cursor`` is the place in the log. A client needs no more than these to miss nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import socketio

from tests.plugins.house import House
from tests.plugins.waiting import wait_for


async def test_a_browser_watches_over_socket_io(house: House, submit: Callable[..., str], repository: Path) -> None:
    """The events of all of Grace's jobs come to the rooms that she joined, each once."""
    updates: list[dict[str, Any]] = []
    async with socketio.AsyncSimpleClient() as browser:
        # Given a browser that is connected to the notifier and has joined Grace's room,
        await browser.connect(house.url("notifier"))
        browser.client.on("job:update", updates.append)
        assert (await browser.call("join:user", "grace"))["ok"]

        # when a job is submitted,
        submit("agent-task", user="grace", repository=str(repository))

        # then its life passes by, without a gap: it waits, it runs, it is done.
        await wait_for(lambda: bool(updates) and updates[-1]["status"] == "completed", within=30, what="the end")
    assert [update["seq"] for update in updates] == list(range(1, len(updates) + 1))
    assert list(dict.fromkeys(update["status"] for update in updates)) == ["waiting", "active", "completed"]
    assert updates[-1]["progress"] == 100


async def test_a_browser_that_was_away_gets_what_it_missed(
    house: House, gateway: httpx2.Client, submit: Callable[..., str], repository: Path
) -> None:
    """A closed laptop, a lost connection, a notifier that was restarted: it is all the same."""
    # Given a browser that was here and knows the cursor,
    async with socketio.AsyncSimpleClient() as browser:
        await browser.connect(house.url("notifier"))
        cursor = (await browser.call("join:user", "grace"))["cursor"]

    # and a job that began and ended while it was away,
    job = submit("agent-task", user="grace", repository=str(repository))
    gateway.get(job, headers={"Prefer": "wait=25"})

    # when it comes back and says where it was,
    updates: list[dict[str, Any]] = []
    async with socketio.AsyncSimpleClient() as browser:
        await browser.connect(house.url("notifier"))
        browser.client.on("job:update", updates.append)
        await browser.call("join:user", {"userId": "grace", "since": cursor})

        # then the same events come as if it had been there: all of them, once, in order.
        await wait_for(lambda: bool(updates) and updates[-1]["status"] == "completed", within=10, what="the replay")
    assert [update["seq"] for update in updates] == list(range(1, len(updates) + 1))


async def test_a_script_watches_over_server_sent_events(
    house: House, submit: Callable[..., str], repository: Path
) -> None:
    """No library needed: a job's stream is lines of text, as ``curl -N`` shows them."""
    # Given a job, when its stream is opened, early or late,
    job = submit("agent-task", user="grace", repository=str(repository))
    statuses: list[str] = []
    async with (
        httpx2.AsyncClient(base_url=house.url("gateway"), timeout=30) as script,
        script.stream("GET", f"{job}/events") as stream,
    ):
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        async for line in stream.aiter_lines():
            if line.startswith("data:"):
                statuses.append(json.loads(line.removeprefix("data:"))["status"])
                if statuses[-1] == "completed":
                    break

    # then the present state came first, and then each change until the end.
    assert statuses[-1] == "completed"
