from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from codeforge_common.event_log import Audience, AudienceKind, EventTail, Joined, Subscription, Update
from codeforge_common.event_log.cursor import UNKNOWN
from tests.common.event_log.writer import Change, LogWriter
from tests.plugins.ports import free_port
from tests.plugins.redis_server import RedisServer
from tests.plugins.waiting import wait_for

ADA = Audience(AudienceKind.USER, "ada")


@dataclass
class Listener:
    """One subscriber to everything of ada's."""

    subscription: Subscription = field(init=False)
    seqs: list[int] = field(default_factory=list)
    lost: int = 0

    def deliver(self, updates: Sequence[Update]) -> None:
        self.seqs.extend(update.seq for update in updates)

    def lose(self) -> None:
        self.lost += 1

    async def has(self, *seqs: int) -> None:
        await wait_for(lambda: len(self.seqs) >= len(seqs), within=10, what=f"updates {seqs}")
        assert self.seqs == list(seqs)


async def listen(tail: EventTail, *, since: str | None = None) -> tuple[Listener, Joined]:
    listener = Listener()
    listener.subscription = tail.subscribe(owner="ada", deliver=listener.deliver, lost=listener.lose)
    return listener, await listener.subscription.join(ADA, since=since)


@asynccontextmanager
async def reading(url: str, namespace: str, *, max_bytes: int = 16 * 1024 * 1024) -> AsyncIterator[EventTail]:
    tail = EventTail(url, namespace=namespace, max_bytes=max_bytes)
    await tail.start()
    yield tail
    await tail.stop()


@asynccontextmanager
async def writing(url: str, namespace: str) -> AsyncIterator[LogWriter]:
    client = Redis.from_url(url)
    yield LogWriter(client, namespace=namespace)
    await client.aclose()


@pytest.fixture
async def writer(redis_url: str, namespace: str) -> AsyncIterator[LogWriter]:
    async with writing(redis_url, namespace) as writer:
        yield writer


def changes(count: int) -> list[Change]:
    return [Change(seq=seq) for seq in range(1, count + 1)]


async def test_it_follows_an_empty_log_from_its_first_entry(redis_url: str, namespace: str, writer: LogWriter) -> None:
    async with reading(redis_url, namespace) as tail:
        assert (tail.connected, tail.cursor) == (True, "0")
        listener, joined = await listen(tail)
        assert joined == Joined(cursor="0", reset=False)
        ids = [await writer.append(change) for change in changes(3)]
        await listener.has(1, 2, 3)
        assert tail.cursor == ids[-1]
        other, joined = await listen(tail, since="0")
        assert (other.seqs, joined.reset) == ([1, 2, 3], False)


async def test_it_loads_a_long_log_in_order_and_goes_on(redis_url: str, namespace: str, writer: LogWriter) -> None:
    ids = [await writer.append(change) for change in changes(1100)]
    async with reading(redis_url, namespace) as tail:
        listener, joined = await listen(tail, since=ids[9])
        assert not joined.reset
        assert listener.seqs == list(range(11, 1101))
        await writer.append(Change(seq=1101))
        await listener.has(*range(11, 1102))


async def test_it_keeps_no_more_bytes_than_it_may(redis_url: str, namespace: str, writer: LogWriter) -> None:
    ids = [await writer.append(change) for change in changes(20)]
    per_entry = writer.at // 20
    async with reading(redis_url, namespace, max_bytes=5 * per_entry) as tail:
        assert (await listen(tail, since=ids[10]))[1].reset
        listener, joined = await listen(tail, since=ids[16])
        assert not joined.reset
        assert listener.seqs == [18, 19, 20]
        for seq in range(21, 31):
            await writer.append(Change(seq=seq))
        await listener.has(*range(18, 31))
        assert (await listen(tail, since=ids[16]))[1].reset


async def test_a_whole_list_position_of_a_faster_process_is_waited_for(
    redis_url: str, namespace: str, writer: LogWriter
) -> None:
    """A list read from the store may be ahead of our reading; its cursor must not be a reset."""
    async with reading(redis_url, namespace) as tail:
        for change in changes(50):
            id = await writer.append(change)
            listener, joined = await listen(tail, since=id)
            assert not joined.reset
            assert listener.seqs == []


async def test_a_gap_loads_anew_and_ends_the_subscriptions(redis_url: str, namespace: str, writer: LogWriter) -> None:
    await writer.append(Change(seq=1))
    async with reading(redis_url, namespace) as tail:
        listener, _ = await listen(tail)
        writer.n += 3
        last = await writer.append(Change(seq=5))
        await wait_for(lambda: listener.lost == 1, within=10, what="the loss")
        assert (listener.seqs, tail.cursor, tail.connected) == ([], last, True)
        again, joined = await listen(tail)
        assert not joined.reset
        await writer.append(Change(seq=6))
        await again.has(6)


async def test_an_emptied_store_loads_anew(redis_url: str, namespace: str, writer: LogWriter) -> None:
    await writer.append(Change(seq=1))
    await writer.append(Change(seq=2))
    async with reading(redis_url, namespace) as tail:
        listener, _ = await listen(tail)
        await writer.client.delete(writer.key)
        writer.n = 0
        await writer.append(Change(seq=1))
        await wait_for(lambda: listener.lost == 1, within=10, what="the loss")


async def test_an_entry_that_is_not_ours_is_waited_out(redis_url: str, namespace: str, writer: LogWriter) -> None:
    async with reading(redis_url, namespace) as tail:
        listener, _ = await listen(tail)
        strange = await writer.client.xadd(writer.key, {"hello": "world"})
        await wait_for(lambda: not tail.connected, within=10, what="the complaint")
        await writer.client.xdel(writer.key, strange)
        await writer.append(Change(seq=1))
        await listener.has(1)
        assert (tail.connected, listener.lost) == (True, 0)


async def test_a_dropped_connection_costs_nothing(new_redis: Callable[..., RedisServer]) -> None:
    server = new_redis()
    async with writing(server.url, "t") as writer, reading(server.url, "t") as tail:
        listener, _ = await listen(tail)
        for change in changes(30):
            await writer.append(change)
            await writer.client.client_kill_filter(_type="normal", skipme=True)
        await listener.has(*range(1, 31))
        assert listener.lost == 0


@pytest.mark.parametrize("before", [0, 1], ids=["an empty log", "a log"])
async def test_an_outage_keeps_subscriptions_and_is_logged_once_each_way(
    new_redis: Callable[..., RedisServer], before: int
) -> None:
    server = new_redis("--appendonly", "yes", "--appendfsync", "always")
    async with writing(server.url, "t") as writer, reading(server.url, "t") as tail:
        known = [1] * before
        for seq in known:
            await writer.append(Change(seq=seq))
        listener, _ = await listen(tail, since="0")
        await listener.has(*known)
        with capture_logs() as logs:
            server.kill()
            await wait_for(lambda: not tail.connected, within=10, what="the outage")
            late, joined = await listen(tail, since="0")
            assert (late.seqs, joined) == (known, Joined(cursor=tail.cursor, reset=False)), "from memory"
            server.start()
            await wait_for(lambda: tail.connected, within=10, what="the end of the outage")
        await writer.client.connection_pool.disconnect()  # it is of the old server
        assert [line["event"] for line in logs] == [
            "the event log can't be read, trying again",
            "reading the event log",
        ]
        await writer.append(Change(seq=2))
        await listener.has(*known, 2)
        await late.has(*known, 2)
        assert (listener.lost, late.lost) == (0, 0)


async def test_a_store_that_went_back_ends_the_subscriptions(new_redis: Callable[..., RedisServer]) -> None:
    server = new_redis()
    async with writing(server.url, "t") as writer, reading(server.url, "t") as tail:
        await writer.append(Change(seq=1))
        kept = await writer.append(Change(seq=2))
        lost = await writer.append(Change(seq=3))
        listener, _ = await listen(tail, since="0")
        await listener.has(1, 2, 3)
        async with writer.client.pipeline(transaction=True) as pipeline:
            pipeline.xdel(writer.key, lost)
            pipeline.client_kill_filter(_type="normal", skipme=True)
            await pipeline.execute()
        await wait_for(lambda: listener.lost == 1, within=10, what="the loss")
        assert tail.cursor == kept
        writer.n -= 1
        again, joined = await listen(tail, since=lost)
        assert joined.reset, "an update that never happened"
        await writer.append(Change(seq=4))
        await again.has(4)


async def test_a_log_that_turned_over_while_we_were_away_ends_the_subscriptions(
    new_redis: Callable[..., RedisServer],
) -> None:
    server = new_redis()
    async with writing(server.url, "t") as writer, reading(server.url, "t") as tail:
        first = await writer.append(Change(seq=1))
        listener, _ = await listen(tail, since="0")
        await listener.has(1)
        async with writer.client.pipeline(transaction=True) as pipeline:
            pipeline.client_kill_filter(_type="normal", skipme=True)
            pipeline.xdel(writer.key, first)
            pipeline.xadd(writer.key, {"n": 9, "at": 9000, "e": b"\x90"})
            await pipeline.execute()
        await wait_for(lambda: listener.lost == 1, within=10, what="the loss")
        assert (await listen(tail, since=first))[1].reset


async def test_it_starts_without_a_store_and_is_there_when_the_store_comes(
    new_redis: Callable[..., RedisServer],
) -> None:
    server = new_redis("--appendonly", "yes", "--appendfsync", "always")
    async with writing(server.url, "t") as writer:
        await writer.append(Change(seq=1))
        server.kill()
        async with reading(server.url, "t") as tail:
            assert not tail.connected
            early, joined = await listen(tail)
            assert joined == Joined(cursor=UNKNOWN, reset=True)
            server.start()
            await wait_for(lambda: tail.connected, within=10, what="the store")
            assert early.lost == 1, "it must rejoin: what happened before we read the log is unknown"
            again, joined = await listen(tail, since=joined.cursor)
            assert (again.seqs, joined.reset) == ([], True), "not the whole log, of which it has fetched the list"
            listener, joined = await listen(tail, since="0")
            assert (listener.seqs, joined.reset) == ([1], False)


async def test_stopping_tells_the_subscriptions_and_ends_at_once() -> None:
    tail = EventTail(f"redis://127.0.0.1:{free_port()}")
    await tail.start()
    listener, _ = await listen(tail)
    await tail.stop()
    assert listener.lost == 1
