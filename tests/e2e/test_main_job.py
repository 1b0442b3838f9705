"""The main job through every room: HTTP → store → ring → worker → a real repository → events → browsers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
import socketio

from tests.js.watch import FOLDER, node
from tests.plugins.house import House
from tests.plugins.waiting import wait_for

WATCH = FOLDER / "watch.mjs"
STAGES = [
    "Starting agent task",
    "Analyzing request and routing to agent...",
    "Routed to workflow: analyze",
    "Executing analyze workflow...",
    "Cloning repository...",
    "Processing files...",
]


def task(repository: Path, *, user: str = "ann", session: str = "s-1") -> dict[str, Any]:
    return {
        "userId": user,
        "sessionId": session,
        "userMessage": "Analyze this repository",
        "context": {"repository": str(repository)},
    }


async def submit(house: House, body: dict[str, Any]) -> str:
    async with httpx2.AsyncClient(base_url=house.url()) as client:
        answer = await client.post("/api/jobs/agent-task", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["jobId"])


async def job(house: House, job_id: str) -> dict[str, Any]:
    async with httpx2.AsyncClient(base_url=house.url()) as client:
        return dict((await client.get(f"/api/jobs/{job_id}")).json()["job"])


async def test_a_repository_is_analysed_before_the_eyes_of_a_python_client(house: House, repository: Path) -> None:
    updates: list[dict[str, Any]] = []
    async with socketio.AsyncSimpleClient() as client:
        await client.connect(house.url("notifier"), transports=["websocket"])
        client.client.on("job:update", updates.append)
        assert (await client.call("join:session", "s-1"))["ok"]
        job_id = await submit(house, task(repository))
        await wait_for(lambda: bool(updates) and updates[-1]["completedAt"] is not None, within=30, what="the end")

    assert {update["jobId"] for update in updates} == {job_id}
    assert [update["seq"] for update in updates] == list(range(1, len(updates) + 1))
    assert [update["status"] for update in updates][:2] == ["waiting", "active"]
    assert updates[-1]["status"] == "completed"
    progress = [update["progress"] for update in updates]
    assert progress == sorted(progress)
    assert progress[-1] == 100
    record = await job(house, job_id)
    told = [line.partition("] ")[2] for line in record["logs"]]
    assert [line for line in told if line in STAGES] == STAGES
    assert record["seq"] == updates[-1]["seq"]
    result = record["result"]
    assert result["workflow"] == "analyze"
    assert "Python" in json.dumps(result)
    assert "TODO" in json.dumps(result)
    assert result["result"].startswith("#")


@pytest.mark.parametrize("transports", ["default", "polling", "websocket"])
async def test_the_javascript_client_sees_the_same(house: House, repository: Path, transports: str) -> None:
    watcher = await asyncio.create_subprocess_exec(
        node(),
        str(WATCH),
        *("--url", house.url("notifier"), "--user", "ann", "--transports", transports, "--seconds", "40"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert watcher.stdout is not None
    assert watcher.stderr is not None
    while json.loads(await asyncio.wait_for(watcher.stderr.readline(), 20))["event"] != "joined":
        pass
    job_id = await submit(house, task(repository))
    printed, _ = await asyncio.wait_for(watcher.communicate(), 45)
    seen = [json.loads(line) for line in printed.splitlines()]
    assert watcher.returncode == 0
    assert [update["seq"] for update in seen] == list(range(1, len(seen) + 1))
    assert {update["jobId"] for update in seen} == {job_id}
    assert seen[-1]["status"] == "completed"


async def test_a_client_that_was_away_gets_exactly_what_it_missed(house: House, repository: Path) -> None:
    first: list[dict[str, Any]] = []
    async with socketio.AsyncSimpleClient() as client:
        await client.connect(house.url("notifier"))
        client.client.on("job:update", first.append)
        joined = await client.call("join:user", "ann")
        assert joined["ok"]
        since = joined["cursor"]
    job_id = await submit(house, task(repository))
    async with httpx2.AsyncClient(base_url=house.url(), timeout=30) as http:
        answer = await http.get(f"/api/jobs/{job_id}", headers={"Prefer": "wait=25"})
        assert answer.json()["job"]["status"] == "completed"
    missed: list[dict[str, Any]] = []
    async with socketio.AsyncSimpleClient() as client:
        await client.connect(house.url("notifier"))
        client.client.on("job:update", missed.append)
        again = await client.call("join:user", {"userId": "ann", "since": since})
        assert again.get("reset") is not True
        await wait_for(lambda: bool(missed) and missed[-1]["status"] == "completed", within=10, what="the replay")
    assert first == []
    assert [update["seq"] for update in missed] == list(range(1, len(missed) + 1))


async def test_two_users_never_see_each_other(house: House, repository: Path) -> None:
    seen: dict[str, list[dict[str, Any]]] = {"ann": [], "bob": []}
    async with socketio.AsyncSimpleClient() as ann, socketio.AsyncSimpleClient() as bob:
        for name, client in (("ann", ann), ("bob", bob)):
            await client.connect(house.url("notifier"), auth={"userId": name})
            client.client.on("job:update", seen[name].append)
            assert (await client.call("join:user", name))["ok"]
            assert (await client.call("join:session", "shared"))["ok"]
        assert not (await bob.call("join:user", "ann"))["ok"]
        jobs = {name: await submit(house, task(repository, user=name, session="shared")) for name in seen}
        for name in seen:
            await wait_for(
                lambda name=name: bool(seen[name]) and seen[name][-1]["status"] == "completed",  # type: ignore[misc]
                within=30,
                what=f"{name}'s end",
            )
    assert {name: {update["jobId"] for update in updates} for name, updates in seen.items()} == {
        name: {job_id} for name, job_id in jobs.items()
    }
    async with httpx2.AsyncClient(base_url=house.url(), headers={"X-User-Id": "bob"}) as http:
        assert (await http.get(f"/api/jobs/{jobs['ann']}")).status_code == 404
        assert (await http.delete(f"/api/jobs/{jobs['ann']}")).status_code == 404


async def test_a_repository_that_does_not_exist_is_a_clear_failure(house: House, tmp_path: Path) -> None:
    job_id = await submit(house, task(tmp_path / "nowhere"))
    async with httpx2.AsyncClient(base_url=house.url(), timeout=30) as http:
        answer = (await http.get(f"/api/jobs/{job_id}", headers={"Prefer": "wait=25"})).json()["job"]
    assert answer["status"] == "failed"
    assert answer["attemptsMade"] == 1
    assert answer["failedReason"]


async def test_no_secret_is_left_anywhere(
    new_house: Callable[..., House], repository: Path, redis_url: str, namespace: str
) -> None:
    house = new_house(LOG_FORMAT="json")
    token = "ghp_" + "Sesame0pen" * 4
    body = task(repository)
    body["context"]["githubContext"] = {"token": token, "username": "ann"}
    job_id = await submit(house, body)
    async with httpx2.AsyncClient(base_url=house.url(), timeout=30) as http:
        answer = await http.get(f"/api/jobs/{job_id}", headers={"Prefer": "wait=25"})
    assert answer.json()["job"]["status"] == "completed"
    assert token not in answer.text
    import redis

    with redis.Redis.from_url(redis_url) as server:
        for key in server.scan_iter(f"*{namespace}*"):
            assert token.encode() not in server.dump(key), key
        assert not server.exists("{" + namespace + "}:job:" + job_id + ":secret")
    for name, program in house.programs.items():
        assert token not in program.log.read_text(), name
