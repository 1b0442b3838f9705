from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from codeforge_common.event_log import feed as feed_module
from codeforge_common.event_log.feed import Feed
from codeforge_common.event_log.subscription import Subscription
from codeforge_common.event_log.update import Audience, AudienceKind, Joined, Update
from tests.common.event_log.writer import Change, entry

ADA = Audience(AudienceKind.USER, "ada")
SESSION = Audience(AudienceKind.SESSION, "s1")
JOB = Audience(AudienceKind.JOB, "job_1")


@dataclass
class Socket:
    """A subscriber that remembers what it was given."""

    subscription: Subscription = field(init=False)
    updates: list[Update] = field(default_factory=list)
    lost: int = 0

    def deliver(self, updates: Sequence[Update]) -> None:
        self.updates.extend(updates)

    def lose(self) -> None:
        self.lost += 1

    @property
    def jobs(self) -> list[str]:
        return [f"{update.job_id}#{update.seq}" for update in self.updates]


def connect(feed: Feed, *, owner: str | None = "ada") -> Socket:
    socket = Socket()
    socket.subscription = feed.subscribe(owner=owner, deliver=socket.deliver, lost=socket.lose)
    return socket


def change(text: str, *, user: str = "ada", session: str = "s1") -> Change:
    job, _, seq = text.partition("#")
    return Change(user=user, session=session, job=job, seq=int(seq))


@pytest.fixture
def feed() -> Feed:
    feed = Feed(max_bytes=10_000)
    feed.load([])
    return feed


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "REACH_SECONDS", 0.05)


async def test_a_join_is_live_from_now(feed: Feed) -> None:
    feed.take(entry(1, change("a#1")))
    socket = connect(feed)
    joined = await socket.subscription.join(ADA)
    assert joined == Joined(cursor=str(entry(1).id), reset=False)
    feed.take(entry(2, change("a#2")))
    assert socket.jobs == ["a#2"]


async def test_a_join_with_a_cursor_gets_what_it_missed_and_then_what_comes(feed: Feed) -> None:
    for n in range(1, 4):
        feed.take(entry(n, change(f"a#{n}"), change(f"b#{n}")))
    socket = connect(feed)
    joined = await socket.subscription.join(ADA, since=f"{entry(2).id}:0")
    assert joined == Joined(cursor=str(entry(3).id), reset=False)
    feed.take(entry(4, change("a#4")))
    assert socket.jobs == ["b#2", "a#3", "b#3", "a#4"]


async def test_nobody_gets_what_belongs_to_another(feed: Feed) -> None:
    feed.take(entry(1, change("b#1", user="bob")))
    ada = connect(feed)
    await ada.subscription.join(SESSION, since="0")
    await ada.subscription.join(Audience(AudienceKind.JOB, "b"), since="0")
    await ada.subscription.join(Audience(AudienceKind.USER, "bob"), since="0")
    feed.take(entry(2, change("b#2", user="bob"), change("a#1")))
    assert ada.jobs == ["a#1"]


async def test_a_client_that_names_nobody_gets_all_of_the_rooms_that_it_joined(feed: Feed) -> None:
    socket = connect(feed, owner=None)
    await socket.subscription.join(SESSION)
    feed.take(entry(1, change("a#1"), change("b#1", user="bob"), change("c#1", session="s2")))
    assert socket.jobs == ["a#1", "b#1"]
    socket.subscription.owner = "bob"
    feed.take(entry(2, change("a#2"), change("b#2", user="bob")))
    assert socket.jobs == ["a#1", "b#1", "b#2"]


async def test_in_several_rooms_each_update_comes_once(feed: Feed) -> None:
    socket = connect(feed)
    for audience in (ADA, SESSION, JOB, ADA):
        await socket.subscription.join(audience)
    feed.take(entry(1, change("job_1#1"), change("job_1#2")))
    assert socket.jobs == ["job_1#1", "job_1#2"]


async def test_a_later_join_replays_only_what_this_socket_was_not_given(feed: Feed) -> None:
    feed.take(entry(1, change("a#1"), change("b#1", session="s2")))
    socket = connect(feed)
    await socket.subscription.join(SESSION)
    feed.take(entry(2, change("a#2"), change("b#2", session="s2")))
    assert socket.jobs == ["a#2"]
    await socket.subscription.join(ADA, since="0")
    assert socket.jobs == ["a#2", "a#1", "b#1", "b#2"]
    await socket.subscription.join(SESSION, since="0")
    await socket.subscription.join(ADA, since="0")
    assert len(socket.jobs) == 4


async def test_after_a_leave_the_other_rooms_go_on_and_nothing_comes_twice(feed: Feed) -> None:
    socket = connect(feed)
    await socket.subscription.join(ADA)
    await socket.subscription.join(SESSION)
    socket.subscription.leave(ADA)
    feed.take(entry(1, change("a#1"), change("b#1", session="s2")))
    assert socket.jobs == ["a#1"]
    socket.subscription.leave(SESSION)
    socket.subscription.leave(SESSION)
    feed.take(entry(2, change("a#2")))
    assert socket.jobs == ["a#1"]
    await socket.subscription.join(SESSION, since="0")
    await socket.subscription.join(ADA, since="0")
    assert socket.jobs == ["a#1", "a#2", "b#1"]


@pytest.mark.parametrize("since", ["", "nonsense", "5-5:5", "1795000000001-0:7", "0"])
async def test_a_cursor_that_the_tail_cannot_honour_resets(feed: Feed, since: str) -> None:
    feed.load([entry(n, change(f"a#{n}")) for n in range(3, 6)])
    socket = connect(feed)
    joined = await socket.subscription.join(ADA, since=since)
    assert joined == Joined(cursor=str(entry(5).id), reset=True)
    feed.take(entry(6, change("a#6")))
    assert socket.jobs == ["a#6"], "live all the same"


async def test_a_cursor_ahead_of_us_is_waited_for(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "REACH_SECONDS", 30)
    socket = connect(feed)
    joining = asyncio.create_task(socket.subscription.join(ADA, since=str(entry(2).id)))
    for n in (1, 2, 3):
        await asyncio.sleep(0)
        feed.take(entry(n, change(f"a#{n}")))
    assert not (await joining).reset
    assert socket.jobs == ["a#3"], "replayed or live, but once"


async def test_a_cursor_that_never_comes_is_given_up(feed: Feed) -> None:
    socket = connect(feed)
    assert (await socket.subscription.join(ADA, since="99999999999999-0")).reset


async def test_before_the_log_was_read_a_join_is_a_reset_and_later_a_rejoin() -> None:
    feed = Feed(max_bytes=10_000)
    socket = connect(feed)
    assert (await socket.subscription.join(ADA, since="0")).reset
    assert (await socket.subscription.join(SESSION)).reset
    feed.load([entry(1, change("a#1"))])
    assert (socket.lost, socket.jobs) == (1, [])


async def test_loading_anew_ends_every_subscription_once(feed: Feed) -> None:
    socket = connect(feed)
    await socket.subscription.join(ADA)
    feed.load([entry(7, change("a#7"))])
    feed.take(entry(8, change("a#8")))
    feed.load([])
    assert (socket.lost, socket.jobs) == (1, [])


async def test_a_closed_subscription_hears_nothing_even_when_it_was_about_to_join(feed: Feed) -> None:
    socket = connect(feed)
    await socket.subscription.join(SESSION)
    joining = asyncio.create_task(socket.subscription.join(ADA, since="99999999999999-0"))
    await asyncio.sleep(0)
    socket.subscription.close()
    await joining
    feed.take(entry(1, change("a#1")))
    assert (socket.lost, socket.jobs) == (0, [])
    assert not feed._listening


async def test_one_client_that_fails_costs_the_others_nothing(feed: Feed) -> None:
    def fail(_: object = None) -> None:
        raise RuntimeError("broken")

    broken = feed.subscribe(owner="ada", deliver=fail, lost=fail)
    await broken.join(ADA)
    socket = connect(feed)
    await socket.subscription.join(ADA)
    feed.take(entry(1, change("a#1")))
    feed.take(entry(2, change("a#2")))
    assert socket.jobs == ["a#1", "a#2"]
    assert broken not in feed.subscriptions


async def test_a_client_that_another_ones_delivery_closed_hears_nothing_more(feed: Feed) -> None:
    sockets = [connect(feed), connect(feed)]

    def close_the_other(socket: Socket, other: Socket) -> Callable[[Sequence[Update]], None]:
        def deliver(updates: Sequence[Update]) -> None:
            socket.deliver(updates)
            other.subscription.close()

        return deliver

    for socket, other in zip(sockets, reversed(sockets), strict=True):
        socket.subscription.deliver = close_the_other(socket, other)
        await socket.subscription.join(ADA)
    feed.take(entry(1, change("a#1")))
    assert sorted(len(socket.jobs) for socket in sockets) == [0, 1]
