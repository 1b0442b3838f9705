"""What the chat keeps: capped, with a lifetime, each user's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from codeforge_common.errors import StoreFull, TooManyMessages
from codeforge_common.store import Limits, Store
from codeforge_common.store.connect import connect
from codeforge_common.store.conversations import Caps, Conversations, Message, Role, Said
from tests.common.store.harness import Harness
from tests.common.store.snapshot import snapshot
from tests.plugins.redis_server import RedisServer

MINUTE = 60_000
CAPS = Caps(messages=4, bytes=10_000, sessions=10, lifetime_ms=MINUTE)


def said(text: str, answer: str = "Well.") -> Sequence[Said]:
    return [Said(role=Role.USER, content=text), Said(role=Role.ASSISTANT, content=answer)]


async def keep(bench: Harness, text: str, *, user: str = "ann", session: str = "s", caps: Caps = CAPS) -> None:
    await bench.store.conversations.keep(said(text), user_id=user, session_id=session, turn=text, caps=caps)


async def kept(bench: Harness, *, user: str = "ann", session: str = "s") -> Sequence[Message]:
    return (await bench.store.conversations.read(user_id=user, session_id=session)).messages


async def texts(bench: Harness, *, user: str = "ann", session: str = "s") -> list[str]:
    return [message.content for message in await kept(bench, user=user, session=session)]


async def test_nothing_is_kept_of_what_was_never_said(bench: Harness) -> None:
    assert await kept(bench) == []


async def test_a_turn_is_kept_whole_and_in_order(bench: Harness) -> None:
    turn = [
        Said(role=Role.USER, content="Xin chào 🔧", cut=True),
        Said(role=Role.ASSISTANT, content="", job_id="job_1"),
    ]
    await bench.store.conversations.keep(turn, user_id="ann", session_id="s", turn="t", caps=CAPS)
    assert await kept(bench) == [
        Message(role=Role.USER, content="Xin chào 🔧", at=bench.clock.now, cut=True),
        Message(role=Role.ASSISTANT, content="", at=bench.clock.now, job_id="job_1"),
    ]


async def test_the_same_turn_again_is_kept_once(bench: Harness) -> None:
    for text in ("one", "two", "one"):
        await keep(bench, text)
    assert await texts(bench) == ["one", "Well.", "two", "Well."]


async def test_the_oldest_messages_go_beyond_the_number(bench: Harness) -> None:
    for text in ("one", "two"):
        await keep(bench, text)
    assert await texts(bench) == ["one", "Well.", "two", "Well."]
    await keep(bench, "three")
    assert await texts(bench) == ["two", "Well.", "three", "Well."]


async def test_the_oldest_messages_go_beyond_the_bytes(bench: Harness) -> None:
    await keep(bench, "one")
    await keep(bench, "two")
    both = sum(len(packed) for packed in await bench.redis.lrange(bench.key("chat", "3", "ann", "s"), 0, -1))
    for more, left in ((0, ["one", "Well.", "two", "Well."]), (-1, ["Well.", "two", "Well."])):
        caps = Caps(messages=4, bytes=both + more, sessions=10, lifetime_ms=MINUTE)
        await bench.redis.delete(bench.key("chat", "3", "ann", "s"))
        await keep(bench, "one", caps=caps)
        await keep(bench, "two", caps=caps)
        assert await texts(bench) == left


async def test_a_message_over_the_bytes_is_not_kept_at_all(bench: Harness) -> None:
    caps = Caps(messages=4, bytes=100, sessions=10, lifetime_ms=MINUTE)
    await bench.store.conversations.keep(said("x" * 200), user_id="ann", session_id="s", turn="t", caps=caps)
    assert await texts(bench) == ["Well."]


async def test_each_turn_renews_the_lifetime_of_all(bench: Harness) -> None:
    await keep(bench, "one")
    key = bench.key("chat", "3", "ann", "s")
    await bench.redis.pexpire(key, 1_000)
    await keep(bench, "two")
    for lasting in (key, bench.key("chats", "ann")):
        assert MINUTE / 2 < await bench.redis.pttl(lasting) <= MINUTE


async def test_every_key_of_a_conversation_has_an_end(bench: Harness) -> None:
    await keep(bench, "one")
    await bench.store.conversations.enter(user_id="ann", session_id="s", per_minute=1, burst=1)
    found = await snapshot(bench.redis, bench.namespace)
    ours = {key: lifetime for key, lifetime in found.lifetimes.items() if key.startswith("chat")}
    assert set(ours) == {"chat:3:ann:s", "chats:ann", "chat_rate:ann"}
    assert all(0 < lifetime <= MINUTE for lifetime in ours.values())


async def test_the_longest_silent_conversation_goes_beyond_the_number_of_a_user(bench: Harness) -> None:
    caps = Caps(messages=4, bytes=10_000, sessions=2, lifetime_ms=MINUTE)
    for session in ("a", "b", "a", "c"):
        await keep(bench, f"{session} {bench.clock.now}", session=session, caps=caps)
        bench.clock.tick(10)
    await keep(bench, "theirs", user="bob", session="b", caps=caps)
    assert [len(await kept(bench, session=session)) for session in ("a", "b", "c")] == [4, 0, 2]
    assert await texts(bench, user="bob", session="b") == ["theirs", "Well."]


@pytest.mark.parametrize(("user", "session"), [("ann", "t"), ("bob", "s"), ("an", "n:s"), ("ann:s", "x"), ("a", "s")])
async def test_nobody_reads_another_ones(bench: Harness, user: str, session: str) -> None:
    await keep(bench, "mine", user="ann", session="s")
    await keep(bench, "mine", user="ann", session="s:x")
    assert await kept(bench, user=user, session=session) == []


async def test_a_store_that_fills_keeps_its_room_for_jobs_and_still_reads(
    new_redis: Callable[..., RedisServer],
) -> None:
    redis = connect(new_redis().url, max_connections=2)
    ann = {"user_id": "ann", "session_id": "s"}

    async def of_share(share: float) -> Conversations:
        """The conversations of a store of whose budget this share is in use."""
        used = int((await redis.info("memory"))["used_memory"])
        return Store(redis, limits=Limits(store_max_bytes=round(used / share))).conversations

    await (await of_share(0.5)).keep(said("one"), turn="1", caps=CAPS, **ann)
    with pytest.raises(StoreFull):
        await (await of_share(0.8)).keep(said("two"), turn="2", caps=CAPS, **ann)
    entered = await (await of_share(0.8)).enter(per_minute=1, burst=1, **ann)
    assert [message.content for message in entered.messages] == ["one", "Well."]
    await redis.aclose(close_connection_pool=True)


async def test_a_server_without_memory_is_a_full_store(new_redis: Callable[..., RedisServer]) -> None:
    store = Store.connect(new_redis().url)
    conversations = store.conversations
    await conversations.keep(said("one"), user_id="ann", session_id="s", turn="1", caps=CAPS)
    await store._redis.config_set("maxmemory", "1mb")
    with pytest.raises(StoreFull):
        await conversations.keep(said("two"), user_id="ann", session_id="s", turn="2", caps=CAPS)
    entered = await conversations.enter(user_id="ann", session_id="s", per_minute=60, burst=2)
    assert len(entered.messages) == 2
    await store.close()


async def test_who_writes_too_fast_is_told_how_long_to_wait(bench: Harness) -> None:
    async def enter(user: str = "ann") -> int:
        entered = await bench.store.conversations.enter(user_id=user, session_id="s", per_minute=60, burst=2)
        assert entered.rate is not None
        return entered.rate.remaining

    assert [await enter(), await enter()] == [1, 0]
    with pytest.raises(TooManyMessages) as refused:
        await enter()
    assert refused.value.retry_after == 1.0
    assert await enter("bob") == 1
    bench.clock.tick(1_000)
    assert await enter() == 0


async def test_the_submits_of_a_user_have_a_rate_of_their_own(bench: Harness) -> None:
    await bench.store.conversations.enter(user_id="ann", session_id="s", per_minute=1, burst=1)
    await bench.submit()
    assert await bench.redis.exists(bench.key("rate", "ann")) == 0


@pytest.mark.parametrize(("per_minute", "burst"), [(0, 5), (5, 0)])
async def test_no_rate_is_no_limit(bench: Harness, per_minute: int, burst: int) -> None:
    for _ in range(3):
        entered = await bench.store.conversations.enter(
            user_id="ann", session_id="s", per_minute=per_minute, burst=burst
        )
        assert entered.rate is None
