"""Group commit: what gathers while a call is under way leaves together in the next."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from codeforge_common.store.group_commit import GroupCommit

Request = dict[str, Any]


class Server:
    """Answers a group when it is told to, and remembers the groups' sizes."""

    def __init__(self) -> None:
        self.groups: list[int] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.failure: Exception | None = None

    async def __call__(self, requests: Sequence[Request]) -> Sequence[Request]:
        self.groups.append(len(requests))
        await self.may_answer.wait()
        if self.failure is not None:
            raise self.failure
        return requests


async def test_submits_of_one_tick_are_one_group() -> None:
    server = Server()
    commit = GroupCommit(server)
    answers = await asyncio.gather(*(commit.submit({"n": n}) for n in range(10)))
    assert [answer["n"] for answer in answers] == list(range(10))
    assert server.groups == [10]


async def test_what_comes_during_a_call_leaves_in_the_next_and_no_group_is_over_the_bound() -> None:
    server = Server()
    server.may_answer.clear()
    commit = GroupCommit(server, most=4)
    first = asyncio.create_task(commit.submit({"n": 0}))
    while not server.groups:
        await asyncio.sleep(0)
    rest = [asyncio.create_task(commit.submit({"n": n})) for n in range(1, 10)]
    await asyncio.sleep(0)
    server.may_answer.set()
    await asyncio.gather(first, *rest)
    assert server.groups == [1, 4, 4, 1]


async def test_a_failed_group_is_told_to_all_of_it_and_the_next_goes_on() -> None:
    server = Server()
    server.failure = ConnectionError("away")
    commit = GroupCommit(server)
    failed = await asyncio.gather(*(commit.submit({"n": n}) for n in range(3)), return_exceptions=True)
    assert all(isinstance(answer, ConnectionError) for answer in failed)
    server.failure = None
    assert await commit.submit({"n": 1}) == {"n": 1}


async def test_who_waits_behind_a_group_that_fails_hears_of_it_as_well() -> None:
    server = Server()
    server.may_answer.clear()
    server.failure = ConnectionError("away")
    commit = GroupCommit(server, most=2)
    submits = [asyncio.create_task(commit.submit({"n": n})) for n in range(7)]
    while not server.groups:
        await asyncio.sleep(0)
    server.may_answer.set()
    told = await asyncio.gather(*submits, return_exceptions=True)
    assert all(isinstance(answer, ConnectionError) for answer in told)
    assert server.groups == [2]


async def test_a_caller_that_went_away_disturbs_nobody() -> None:
    server = Server()
    server.may_answer.clear()
    commit = GroupCommit(server)
    gone, stays = (asyncio.create_task(commit.submit({"n": n})) for n in range(2))
    while not server.groups:
        await asyncio.sleep(0)
    gone.cancel()
    server.may_answer.set()
    assert await stays == {"n": 1}
    with pytest.raises(asyncio.CancelledError):
        await gone
