"""A sentence in a chat becomes a pull request, and whoever watches sees how."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import socketio

from tests.e2e.landing import (
    CALLS,
    ENGLISH,
    NAME,
    SAID,
    SENTENCE,
    STAGES,
    STEPS,
    TITLE,
    TOKEN,
    VIETNAMESE,
    ended,
    outside,
    said_in_the_chat,
    say,
)
from tests.plugins.house import House
from tests.plugins.waiting import wait_for


async def test_a_sentence_becomes_a_pull_request(new_house: Callable[..., House], tmp_path: Path) -> None:
    updates: list[dict[str, Any]] = []
    with outside(tmp_path) as world:
        house = new_house(**world.environment)
        async with socketio.AsyncSimpleClient() as client:
            await client.connect(house.url("notifier"), transports=["websocket"])
            client.client.on("job:update", updates.append)
            assert (await client.call("join:session", "s-1"))["ok"]
            job_id = await say(house, said_in_the_chat())
            await wait_for(lambda: bool(updates) and updates[-1]["completedAt"] is not None, within=60, what="the end")
        job = await ended(house, job_id)
        seen = repr(updates) + repr(job) + "".join(program.output() for program in house.programs.values())
        requests = world.model.requests()
        readmes = world.readme("main"), world.readme(f"codeforge/{job_id}")

    assert (job["status"], job["failedReason"]) == ("completed", None)
    assert [update["seq"] for update in updates] == list(range(1, len(updates) + 1))
    told = [line.partition("] ")[2] for line in job["logs"]]
    assert [line for line in told if line in STAGES] == STAGES
    assert job["steps"] == STEPS

    [opened] = world.github.state.pull_requests
    assert (opened.title, opened.base, opened.label) == (TITLE, "main", f"zaikaman:codeforge/{job_id}")
    assert SENTENCE in opened.body
    assert readmes == (ENGLISH, VIETNAMESE)
    assert world.github.git.pushes == 1

    result = job["result"]
    assert set(result) >= {"workflow", "summary", "result", "diff", "files", "pullRequest", "usage"}
    assert result["workflow"] == "enhance"
    assert result["pullRequest"]["number"] == 1
    assert result["result"].startswith(SAID)
    assert "+# Trang đích Versace" in result["diff"]
    assert result["usage"]["calls"] == len(requests) == CALLS
    assert result["usage"]["totalTokens"] > 0
    assert result["repository"] == NAME
    assert result["route"]["reason"] in job["logs"][3]

    assert TOKEN not in seen + repr(requests)
    assert world.model.key is not None
    assert world.model.key not in seen
