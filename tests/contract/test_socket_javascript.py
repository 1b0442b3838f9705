"""The contract, section 2, as a web page meets it: the JavaScript client, by each of its transports."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.js.watch import watching
from tests.notifier.harness import JWT_SECRET, Notifier, running, settings_for, token_for

TRANSPORTS = pytest.mark.parametrize("transports", ["default", "polling", "websocket"])

Start = Callable[..., Awaitable[Notifier]]


@pytest.fixture
async def start(redis_url: str, namespace: str) -> AsyncIterator[Start]:
    async with AsyncExitStack() as stack:

        async def one(**changes: Any) -> Notifier:
            return await stack.enter_async_context(running(settings_for(redis_url, namespace, **changes)))

        yield one


@TRANSPORTS
async def test_each_kind_of_client_follows_a_job_to_its_end(start: Start, transports: str) -> None:
    notifier = await start()
    async with watching(notifier.url, "--user", "ada", "--transports", transports) as watcher:
        assert (await watcher.says("joined"))["answer"] == {"ok": True, "cursor": "0"}
        for seq in range(1, 6):
            await notifier.append(seq, also=(("status", "active"),))
        await notifier.append(6)
        await watcher.ends()
    assert watcher.seqs == [1, 2, 3, 4, 5, 6]
    assert watcher.updates[-1]["status"] == "completed"
    assert not watcher.said("disconnected")


@TRANSPORTS
async def test_bare_strings_without_acknowledgement_in_two_rooms_bring_each_update_once(
    start: Start, transports: str
) -> None:
    notifier = await start()
    options = ("--user", "ada", "--session", "s1", "--no-ack", "--transports", transports)
    async with watching(notifier.url, *options) as watcher:
        await watcher.says("joined")
        await notifier.append(1, user="bob", also=(("status", "active"),))
        await notifier.append(2, 3, also=(("status", "active"),))
        await notifier.append(4)
        await watcher.ends()
    assert watcher.seqs == [2, 3, 4]


@TRANSPORTS
async def test_a_client_that_was_cut_off_comes_back_and_misses_nothing(start: Start, transports: str) -> None:
    """Also with hundreds of updates meanwhile, which one poll couldn't bring."""
    notifier = await start()
    active = (("status", "active"),)
    async with watching(notifier.url, "--user", "ada", "--transports", transports) as watcher:
        await watcher.says("joined")
        await notifier.append(*range(1, 11), also=active)
        await watcher.has(*range(1, 11))
        await notifier.app.hang_up()
        await watcher.says("disconnected")
        await notifier.append(*range(11, 301), also=active)
        assert (await watcher.says("joined", times=2))["answer"]["ok"]
        await watcher.has(*range(1, 301))
        await notifier.append(301)
        await watcher.ends()
    assert watcher.seqs == list(range(1, 302))


@TRANSPORTS
async def test_nothing_is_lost_while_a_client_connects_and_changes_its_transport(start: Start, transports: str) -> None:
    """By default a client begins by polling, and goes over to a websocket within its first milliseconds."""
    notifier = await start()
    active = (("status", "active"),)
    await notifier.append(1, also=active)
    async with watching(notifier.url, "--user", "ada", "--since", "0", "--transports", transports) as watcher:
        last, to_come = 1, 200
        while to_come:
            last += 1
            await notifier.append(last, also=active)
            to_come -= bool(watcher.updates)
            assert last < 20_000, "it never joined"
        await notifier.append(last + 1)
        await watcher.ends()
    assert watcher.seqs == list(range(1, last + 2))


@TRANSPORTS
async def test_a_token_lets_in_and_its_lack_is_explained(start: Start, transports: str) -> None:
    notifier = await start(auth_mode="jwt", auth_jwt_secret=JWT_SECRET)
    async with watching(notifier.url, "--user", "ada", "--transports", transports) as watcher:
        refused = await watcher.says("refused")
        assert refused["reason"] == "A bearer token is required."
        assert refused["data"] == {"code": "unauthenticated"}
    options = ("--user", "ada", "--token", token_for("ada"), "--transports", transports)
    async with watching(notifier.url, *options) as watcher:
        assert (await watcher.says("joined"))["answer"]["ok"]
        await notifier.append(1)
        await watcher.ends()
