from __future__ import annotations

from typing import Any

import pytest

from tests.notifier.conftest import Start
from tests.notifier.harness import JWT_SECRET, Notifier, token_for
from tests.plugins.waiting import wait_for

NO_ROOMS: list[Any] = [None, 7, "", [], {}, {"id": "ada"}, {"userId": 5}, "x" * 201, "a\nb", True, b"\x00"]
TRANSPORTS = pytest.mark.parametrize("transport", ["websocket", "polling"])


@TRANSPORTS
async def test_a_joined_room_brings_its_updates(notifier: Notifier, transport: str) -> None:
    client = await notifier.connect(transport=transport)
    assert await client.ask("join:user", "ada") == {"ok": True, "cursor": "0"}
    await notifier.append(1, 2, 3)
    await client.has(1, 2, 3)


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("join:user", "ada"),
        ("join:user", {"userId": "ada"}),
        ("join:user", {"userId": "ada", "since": None}),
        ("join:session", "s1"),
        ("join:session", {"sessionId": "s1"}),
        ("join:job", "job_1"),
        ("join:job", {"jobId": "job_1"}),
    ],
)
async def test_a_bare_string_and_an_object_mean_the_same(notifier: Notifier, event: str, payload: Any) -> None:
    client = await notifier.connect(auth={"userId": "ada"})
    assert (await client.ask(event, payload))["ok"]
    await notifier.append(1, user="bob")
    await notifier.append(2)
    await client.has(2)


async def test_a_join_needs_no_acknowledgement(notifier: Notifier) -> None:
    client = await notifier.connect()
    await client.socket.emit("join:user", "ada")
    await client.socket.emit("join:session", {"sessionId": "s1", "since": "0"})
    await client.ask("leave:job", "job_9")  # answered after the joins
    await notifier.append(1)
    await client.has(1)


@TRANSPORTS
async def test_since_brings_what_was_missed_before_the_answer(notifier: Notifier, transport: str) -> None:
    await notifier.append(*range(1, 11))
    first = await notifier.connect(transport=transport)
    await first.ask("join:user", {"userId": "ada", "since": "0"})
    await first.has(*range(1, 11))
    await first.socket.disconnect()
    last = await notifier.append(*range(11, 61))

    second = await notifier.connect(transport=transport)
    answer = await second.ask("join:user", {"userId": "ada", "since": first.updates[-1]["cursor"]})

    assert answer == {"ok": True, "cursor": last}
    assert second.seqs == list(range(11, 61)), "the acknowledgement comes after the replay"
    await notifier.append(61)
    await second.has(*range(11, 62))


@pytest.mark.parametrize("since", ["", "nonsense", "1-1:0", "9" * 100_0, 5, {"a": 1}, []])
async def test_a_cursor_that_means_nothing_resets(notifier: Notifier, since: Any) -> None:
    last = await notifier.append(1)
    client = await notifier.connect()
    answer = await client.ask("join:user", {"userId": "ada", "since": since})
    assert answer == {"ok": True, "cursor": last, "reset": True}
    await notifier.append(2)
    await client.has(2)


@TRANSPORTS
async def test_a_payload_that_names_no_room_is_refused(notifier: Notifier, transport: str) -> None:
    client = await notifier.connect(transport=transport)
    for event in ("join:user", "join:session", "join:job", "leave:user", "leave:session", "leave:job"):
        for payload in NO_ROOMS:
            answer = await client.ask(event, payload)
            assert (answer["ok"], answer["code"]) == (False, "invalid_request")
            assert "should be a string of 1 to 200 characters" in answer["error"]
    assert (await client.ask("join:user", "ada"))["ok"], "and the socket lives on"


async def test_two_users_in_one_session_see_their_own_jobs_only(notifier: Notifier) -> None:
    ada = await notifier.connect(auth={"userId": "ada"})
    bob = await notifier.connect(auth={"userId": "bob"})
    for client in (ada, bob):
        assert (await client.ask("join:session", "s1"))["ok"]
        assert (await client.ask("join:job", "job_1"))["ok"]
    await notifier.append(1, user="bob")
    await notifier.append(2)
    await ada.has(2)
    await bob.has(1)


async def test_another_users_room_is_refused(notifier: Notifier) -> None:
    ada = await notifier.connect(auth={"userId": "ada"})
    answer = await ada.ask("join:user", "bob")
    assert (answer["ok"], answer["code"]) == (False, "user_mismatch")
    assert (await ada.ask("join:user", "ada"))["ok"]
    await notifier.append(1, user="bob")
    await notifier.append(2)
    await ada.has(2)


async def test_whoever_names_nobody_is_named_by_the_first_user_room(notifier: Notifier) -> None:
    client = await notifier.connect()
    await client.ask("join:session", "s1")
    await notifier.append(1, user="bob")
    await client.has(1)
    assert (await client.ask("join:user", "ada"))["ok"]
    assert (await client.ask("join:user", "bob"))["code"] == "user_mismatch"
    await notifier.append(2, user="bob")
    await notifier.append(3)
    await client.has(1, 3)


async def test_in_several_rooms_an_update_comes_once(notifier: Notifier) -> None:
    client = await notifier.connect()
    for event, id in (("join:user", "ada"), ("join:session", "s1"), ("join:job", "job_1"), ("join:user", "ada")):
        assert (await client.ask(event, id))["ok"]
    await notifier.append(1, 2)
    await client.has(1, 2)
    await client.ask("leave:user", "ada")
    await client.ask("leave:job", {"jobId": "job_1"})
    await notifier.append(3)
    await client.has(1, 2, 3)
    await client.ask("leave:session", "s1")
    await notifier.append(4)
    assert (await client.ask("join:job", {"jobId": "job_1", "since": "0"}))["ok"]
    await client.has(1, 2, 3, 4)


async def test_a_socket_may_be_in_so_many_rooms_and_no_more(start: Start) -> None:
    notifier = await start(joins_per_socket=3)
    client = await notifier.connect(auth={"userId": "ada"})
    for n in range(3):
        assert (await client.ask("join:session", f"s{n}"))["ok"]
    refused = await client.ask("join:session", "s3")
    assert refused == {
        "ok": False,
        "error": "A socket may be in 3 rooms: leave one first.",
        "code": "too_many_rooms",
    }
    assert (await client.ask("join:session", "s2"))["ok"], "a room that it is in"
    await client.ask("leave:session", "s0")
    assert (await client.ask("join:session", "s3"))["ok"]


@TRANSPORTS
async def test_a_flood_of_joins_is_answered_one_by_one(notifier: Notifier, transport: str) -> None:
    client = await notifier.connect(transport=transport, auth={"userId": "ada"})
    answers: list[dict[str, Any]] = []
    for n in range(200):
        await client.socket.emit("join:session", f"s{n}", callback=answers.append)
    await wait_for(lambda: len(answers) == 200, within=20, what="200 answers")
    assert [answer["ok"] for answer in answers] == [True] * 50 + [False] * 150
    await notifier.append(1, session="s49")
    await client.has(1)


async def test_a_user_may_have_so_many_sockets_and_no_more(start: Start) -> None:
    notifier = await start(sockets_per_user=2)
    first = await notifier.connect(auth={"userId": "ada"})
    await notifier.connect(auth={"userId": "ada"})
    assert await notifier.refusal(auth={"userId": "ada"}) == {
        "message": "A user may have 2 sockets open: close one first.",
        "data": {"code": "too_many_sockets"},
    }
    assert (await (await notifier.connect(auth={"userId": "bob"})).ask("join:user", "bob"))["ok"]
    anonymous = await notifier.connect()
    assert (await anonymous.ask("join:user", "ada"))["code"] == "too_many_sockets"
    await first.socket.disconnect()
    await wait_for(lambda: notifier.metric("codeforge_sockets") == 3, within=10, what="the socket's end")
    assert (await anonymous.ask("join:user", "ada"))["ok"]


@TRANSPORTS
async def test_with_tokens_only_a_good_one_connects(start: Start, transport: str) -> None:
    notifier = await start(auth_mode="jwt", auth_jwt_secret=JWT_SECRET)
    for auth in (None, {}, {"userId": "ada"}, {"token": "x"}, {"token": 5}, "text", [1]):
        refusal = await notifier.refusal(transport=transport, auth=auth)
        assert refusal["data"] == {"code": "unauthenticated"}
    assert await notifier.refusal(transport=transport, auth={"token": token_for("ada", exp=1)}) == {
        "message": "The token has run out.",
        "data": {"code": "unauthenticated"},
    }
    ada = await notifier.connect(transport=transport, auth={"token": token_for("ada")})
    assert (await ada.ask("join:user", "bob"))["code"] == "user_mismatch"
    assert (await ada.ask("join:user", "ada"))["ok"]
    await notifier.append(1, user="bob")
    await notifier.append(2)
    await ada.has(2)


async def test_sockets_and_replays_are_counted(notifier: Notifier) -> None:
    assert notifier.metric("codeforge_sockets") == 0
    client = await notifier.connect()
    assert notifier.metric("codeforge_sockets") == 1
    await client.ask("join:user", "ada")
    await client.ask("join:session", {"sessionId": "s1", "since": "0"})
    await client.ask("join:session", {"sessionId": "s1", "since": "1-1"})
    assert notifier.metric('codeforge_replays_total{result="replayed"}') == 1
    assert notifier.metric('codeforge_replays_total{result="reset"}') == 1
    await notifier.append(1, 2)
    await client.has(1, 2)
    assert notifier.metric("codeforge_events_sent_total") == 2
    assert notifier.metric("codeforge_event_delivery_seconds_count") == 2
    await client.socket.disconnect()
    await wait_for(lambda: notifier.metric("codeforge_sockets") == 0, within=10, what="the socket's end")
