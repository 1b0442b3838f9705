"""Random histories: whatever clients do, each gets exactly what the predicate says, in order, once.

The model is plain: every update that was ever logged, and for each socket the set of those it was given. It knows
nothing of positions, stretches or indexes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from codeforge_common.event_log import feed as feed_module
from codeforge_common.event_log.entry import Entry
from codeforge_common.event_log.feed import Feed
from codeforge_common.event_log.subscription import Subscription
from codeforge_common.event_log.update import Audience, AudienceKind, Update
from tests.common.event_log.writer import Change, entry

USERS = ("ada", "bob")
SESSIONS = ("s1", "s2")
JOBS = {"a1": ("ada", "s1"), "a2": ("ada", "s2"), "b1": ("bob", "s1")}
"""A session may hold jobs of several people."""

AUDIENCES = (
    Audience(AudienceKind.USER, "ada"),
    Audience(AudienceKind.SESSION, "s1"),
    Audience(AudienceKind.SESSION, "s2"),
    Audience(AudienceKind.JOB, "a1"),
)
KEPT_ENTRIES = 6
TAIL_BYTES = (KEPT_ENTRIES - 1) * 1000
SOCKETS = 2


@dataclass(eq=False)
class Socket:
    """One connection of one client, and what it should have been given."""

    owner: str | None
    subscription: Subscription = field(init=False)
    got: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    joined: set[Audience] = field(default_factory=set)
    lost: bool = False

    def deliver(self, updates: Sequence[Update]) -> None:
        self.got.extend(update.cursor for update in updates)

    def lose(self) -> None:
        self.lost = True

    def may_see(self, update: Update) -> bool:
        return self.owner in (None, update.user_id)


class Histories(RuleBasedStateMachine):
    """Sockets come, join, leave, come back and go, while the log grows, turns over, breaks and is loaded anew."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.feed = Feed(max_bytes=TAIL_BYTES)
        self.log: list[Entry] = []
        self.sockets: list[Socket] = []

    def teardown(self) -> None:
        self.loop.close()

    @initialize(before=st.integers(0, 3))
    def begin(self, before: int) -> None:
        for _ in range(before):
            self.log.append(self.next_entry(["a1", "b1"]))
        self.feed.load(self.log)

    def next_entry(self, jobs: Sequence[str]) -> Entry:
        n = len(self.log) + 1
        changes = [Change(user=JOBS[job][0], session=JOBS[job][1], job=job, seq=n) for job in jobs]
        return entry(n, *changes)

    @property
    def tail(self) -> list[Entry]:
        return self.log[-KEPT_ENTRIES:]

    @rule(jobs=st.lists(st.sampled_from(sorted(JOBS)), min_size=1, max_size=3))
    def something_happens(self, jobs: list[str]) -> None:
        appended = self.next_entry(jobs)
        self.log.append(appended)
        for socket in self.sockets:
            socket.expected += [
                update.cursor
                for update in appended.updates
                if socket.may_see(update) and socket.joined & set(update.audiences)
            ]
        self.feed.take(appended)

    @precondition(lambda self: len(self.sockets) < SOCKETS)
    @rule(owner=st.sampled_from(("ada", None)))
    def a_socket_connects(self, owner: str | None) -> None:
        socket = Socket(owner)
        socket.subscription = self.feed.subscribe(owner=owner, deliver=socket.deliver, lost=socket.lose)
        self.sockets.append(socket)

    @precondition(lambda self: self.sockets)
    @rule(data=st.data(), audiences=st.lists(st.sampled_from(AUDIENCES), min_size=1, max_size=4))
    def a_socket_joins(self, data: st.DataObject, audiences: list[Audience]) -> None:
        socket = data.draw(st.sampled_from(self.sockets))
        for audience in audiences:
            self.join(socket, audience, since=data.draw(self.cursors()))

    def join(self, socket: Socket, audience: Audience, *, since: str | None) -> None:
        known = self.entries_after(since)
        if known is not None:
            socket.expected += [
                update.cursor
                for update in known
                if audience in update.audiences and socket.may_see(update) and update.cursor not in socket.expected
            ]
        answer = self.loop.run_until_complete(socket.subscription.join(audience, since=since))
        socket.joined.add(audience)
        assert answer.reset == (since is not None and known is None)
        assert answer.cursor == (str(self.log[-1].id) if self.log else "0")

    def cursors(self) -> st.SearchStrategy[str | None]:
        everywhere = [update.cursor for logged in self.log for update in logged.updates]
        whole = [str(logged.id) for logged in self.log]
        return st.sampled_from([None, "0", *everywhere, *whole]) | st.sampled_from(["", "nonsense", "1-1", "1-1:0"])

    def entries_after(self, since: str | None) -> list[Update] | None:
        """What the log holds behind a cursor; None where the cursor isn't good."""
        if since is None:
            return None
        updates = [update for logged in self.tail for update in logged.updates]
        if since == "0":
            return updates if len(self.log) <= KEPT_ENTRIES else None
        for logged in self.tail:
            if since == str(logged.id):
                return [update for update in updates if update.at_ms > logged.id.ms]
        cursors = [update.cursor for update in updates]
        return updates[cursors.index(since) + 1 :] if since in cursors else None

    @precondition(lambda self: any(socket.joined for socket in self.sockets))
    @rule(data=st.data())
    def a_socket_leaves_a_room(self, data: st.DataObject) -> None:
        socket = data.draw(st.sampled_from([one for one in self.sockets if one.joined]))
        audience = data.draw(st.sampled_from(sorted(socket.joined, key=str)))
        socket.joined.remove(audience)
        socket.subscription.leave(audience)

    @precondition(lambda self: any(socket.owner is None for socket in self.sockets))
    @rule(user=st.sampled_from(USERS))
    def a_socket_says_who_it_is(self, user: str) -> None:
        socket = next(one for one in self.sockets if one.owner is None)
        socket.owner = socket.subscription.owner = user

    @precondition(lambda self: any(socket.joined and socket.got for socket in self.sockets))
    @rule(data=st.data())
    def a_client_comes_back_and_misses_nothing(self, data: st.DataObject) -> None:
        """Its rooms on a new socket, from the last cursor: exactly what its old rooms brought meanwhile."""
        old = data.draw(st.sampled_from([one for one in self.sockets if one.joined and one.got]))
        self.sockets.remove(old)
        old.subscription.close()
        rooms = sorted(old.joined, key=str)
        since = max(old.got, key=place_in_log)
        for _ in range(data.draw(st.integers(0, KEPT_ENTRIES - 1))):
            self.something_happens(data.draw(st.lists(st.sampled_from(sorted(JOBS)), min_size=1, max_size=2)))
        missed = self.entries_after(since)
        self.a_socket_connects(old.owner)
        new = self.sockets[-1]
        answers = [self.loop.run_until_complete(new.subscription.join(room, since=since)) for room in rooms]
        new.joined = set(rooms)
        new.expected = [*new.got]
        assert all(answer.reset == (missed is None) for answer in answers)
        wanted = [
            update.cursor for update in missed or () if new.may_see(update) and new.joined & set(update.audiences)
        ]
        assert sorted(new.got, key=place_in_log) == wanted

    @precondition(lambda self: len(self.log) % 5 == 0)  # rarely, so that sockets live long enough to meet the rest
    @rule(lost_entries=st.integers(0, 3))
    def the_tail_is_loaded_anew(self, lost_entries: int) -> None:
        """After a hole, or after the store went back: everybody has to rejoin."""
        del self.log[len(self.log) - lost_entries :]
        self.feed.load(self.tail)
        assert all(socket.lost for socket in self.sockets)
        self.sockets.clear()

    @precondition(lambda self: self.sockets)
    @rule(data=st.data())
    def a_socket_goes(self, data: st.DataObject) -> None:
        socket = data.draw(st.sampled_from(self.sockets))
        self.sockets.remove(socket)
        socket.subscription.close()

    @invariant()
    def each_socket_was_given_exactly_that(self) -> None:
        for socket in self.sockets:
            assert socket.got == socket.expected
            assert len(set(socket.got)) == len(socket.got)


def place_in_log(cursor: str) -> tuple[int, int]:
    id, _, place = cursor.partition(":")
    return int(id.partition("-")[0]), int(place)


class TestHistories(Histories.TestCase):  # type: ignore[misc, valid-type]
    settings = settings(max_examples=200, stateful_step_count=40, deadline=None)

    @pytest.fixture(autouse=True)
    def impatient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(feed_module, "REACH_SECONDS", 0.0)
